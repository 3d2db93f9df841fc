"""Records written to files, for programs that read files."""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Callable

    from zaffre_sdk.data.tabular.table import Table


def say(text: str) -> None:
    """Print a line on what is done."""
    sys.stdout.write(f"{text}\n")


def silent(text: str) -> None:
    """Print nothing."""


def to_files(dataset: Any, write: Callable[[Table, Path], Any]) -> Any:
    """Return a FileDataset of what `write` makes of a table in a folder of this machine.

    The folder stays until the program removes it; registering the FileDataset sends it to the
    default datastore.
    """
    folder = Path(tempfile.mkdtemp(prefix="dataset-"))
    with execution("to_files"):
        write(dataset._table(), folder)  # noqa: SLF001 - one house
    factory = _late.find("azureml.data.dataset_factory", "FileDatasetFactory")
    files = factory.from_files(str(folder))
    return files._made(files._definition, workspace=dataset._workspace)  # noqa: SLF001 - one house


def to_dask(dataset: Any, dtypes: Any, *, on_error: str) -> Any:
    """Return a Dask DataFrame over Parquet files of the records."""
    frames = _needed("dask.dataframe", "dask[dataframe]")
    frame = frames.read_parquet(_parquet(dataset, on_error))
    return frame.astype(dtypes) if dtypes else frame


def to_spark(dataset: Any) -> Any:
    """Return a Spark DataFrame over Parquet files of the records."""
    session = _needed("pyspark.sql", "pyspark").SparkSession.builder.getOrCreate()
    return session.read.parquet(_parquet(dataset, "null"))


def _parquet(dataset: Any, on_error: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="dataset-"))
    with execution("to_parquet_files"):
        dataset._table().to_parquet(folder)  # noqa: SLF001 - one house
    return str(folder)


def _needed(module: str, package: str) -> Any:
    if find_spec(module.partition(".")[0]) is None:
        raise UserErrorException(
            f"`{package}` is not installed here.\nInstall it (`pip install {package}`), or use "
            "`to_pandas_dataframe`."
        )
    return import_module(module)
