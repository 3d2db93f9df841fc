"""Records written to files, for programs that read files."""

from __future__ import annotations

import atexit
import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from azureml.core import _late
from azureml.data._folders import folder_for
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.tabular.table import Table

Write = Callable[[Table, Path], object]
"""Writes the records of a table into a folder."""


def say(text: str) -> None:
    """Print a line on what is done."""
    sys.stdout.write(f"{text}\n")


def silent(text: str) -> None:
    """Print nothing."""


def to_files(dataset: Any, operation: str, write: Write) -> Any:
    """Return a FileDataset of what `write` makes of the records in a folder of this machine.

    The folder stays until the program removes it; registering the FileDataset sends it to the
    default datastore.
    """
    folder = _written(dataset, operation, write)
    factory = _late.find("azureml.data.dataset_factory", "FileDatasetFactory")
    files = factory.from_files(folder)
    return files._made(files._definition, workspace=dataset._workspace)  # noqa: SLF001 - one house


def to_dask(dataset: Any, dtypes: Any, *, on_error: str, out_of_range_datetime: str) -> Any:
    """Return a Dask DataFrame over Parquet files of the records."""
    frames = _needed("dask.dataframe", "dask[dataframe]")

    def whole(table: Table, folder: Path) -> None:
        frame = table.to_pandas(on_error=on_error, out_of_range_datetime=out_of_range_datetime)
        frame.to_parquet(folder / "part-00000.parquet", index=False)

    # Only whole frames are looked through for what is to fail; files are written in less memory.
    is_plain = on_error == out_of_range_datetime == "null"
    written = _for_now(dataset, "to_dask_dataframe", Table.to_parquet if is_plain else whole)
    frame = frames.read_parquet(written)
    return frame.astype(dtypes) if dtypes else frame


def to_spark(dataset: Any) -> Any:
    """Return a Spark DataFrame over Parquet files of the records.

    Times are of the type `timestamp`, as programs of v1 expect, and show what is in the files;
    newer Sparks have one more type for times without a zone.
    """
    session = _needed("pyspark.sql", "pyspark").SparkSession.builder.getOrCreate()
    if not session.sparkContext.master.startswith("local"):
        # The other machines of a cluster do not see what lies on this one.
        return session.createDataFrame(dataset.to_pandas_dataframe())
    written = _for_now(dataset, "to_spark_dataframe", Table.to_spark_files)
    # Without a scheme a cluster looks for it in its own file system.
    frame = session.read.parquet(f"file:///{Path(written).as_posix().lstrip('/')}")
    for field in frame.schema.fields:
        if field.dataType.simpleString() == "timestamp_ntz":
            # A name may have dots, which would be taken for paths into structures.
            name = f"`{field.name.replace('`', '``')}`"
            frame = frame.withColumn(field.name, frame[name].cast("timestamp"))
    return frame


def _for_now(dataset: Any, operation: str, write: Write) -> str:
    """Write into a folder of this machine that goes with the program."""
    written = _written(dataset, operation, write)
    atexit.register(shutil.rmtree, written, ignore_errors=True)
    return written


def _written(dataset: Any, operation: str, write: Write) -> str:
    with folder_for() as folder, execution(operation):
        write(dataset._table(), folder)  # noqa: SLF001 - one house
    return str(folder)


def _needed(module: str, package: str) -> Any:
    if find_spec(module.partition(".")[0]) is None:
        raise UserErrorException(
            f"`{package}` is not installed here.\nInstall it (`pip install {package}`), or use "
            "`to_pandas_dataframe`."
        )
    return import_module(module)
