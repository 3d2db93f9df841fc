"""DataFrames on their way to a datastore, as registered tables."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azureml.core import _late
from azureml.data import _uploading
from azureml.data._exporting import say, silent
from azureml.data._places import target_of
from azureml.data.constants import MANAGED_DATASET
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from azureml.data.tabular_dataset import TabularDataset

Write = Callable[[Any, Path, Callable[[str], None]], None]
"""Writes a frame as Parquet into a folder, and says what it changes of it."""

_FILE = "dataframe.parquet"


def register(
    dataframe: Any,
    target: Any,
    *,
    name: str,
    description: str | None,
    tags: dict[str, str],
    show_progress: bool,
    write: Write,
    unique: bool = True,
) -> TabularDataset:
    """Send a frame, and return the registered table over it."""
    tell = say if show_progress else silent
    tell("Validating arguments.")
    store, folder = target_of(target)
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"`name` is {name!r}; a name for the dataset is expected.")
    place = folder or MANAGED_DATASET
    place = f"{place.rstrip('/')}/{uuid4()}" if unique else place.rstrip("/")
    with tempfile.TemporaryDirectory(prefix="dataframe-") as made:
        write(dataframe, Path(made), tell)
        tell("Arguments validated.")
        tell(f"Successfully obtained datastore reference and path.\nUploading file to {place}/")
        _uploading.send(Path(made), store, place, overwrite=True)
    tell("Successfully uploaded file to datastore.")
    tell("Creating and registering a new dataset.")
    tables = _late.find("azureml.data.dataset_factory", "TabularDatasetFactory")
    table = tables.from_parquet_files((store, f"{place}/"))
    registered: TabularDataset = table.register(
        store.workspace, name, description, tags=tags, create_new_version=True
    )
    tell("Successfully created and registered a new dataset.")
    return registered


def of_pandas(row_group_size: int | None) -> Write:
    """Return what writes a pandas DataFrame.

    Raises:
        UserErrorException: When called: it is something else, or has cells that no file has.
    """

    def write(frame: Any, folder: Path, tell: Callable[[str], None]) -> None:
        if not _is_frame(frame, "pandas"):
            raise UserErrorException(
                f"`dataframe` is a {type(frame).__name__}; a pandas DataFrame is expected."
            )
        frame = _with_plain_names(frame, tell)
        for column in frame.columns:
            if _has_lists(frame[column]):
                raise UserErrorException(
                    f"The column `{column}` has lists or arrays in its cells, which no dataset "
                    "has.\nMake a column of each element, or write them as text."
                )
        try:
            frame.to_parquet(folder / _FILE, index=False, row_group_size=row_group_size)
        except (ValueError, TypeError, NotImplementedError) as error:  # Of Arrow, too.
            raise UserErrorException(
                f"The DataFrame cannot be written as Parquet: {error}\n"
                "Give each column values of one type.",
                inner_exception=error,
            ) from error

    return write


def of_spark(frame: Any, folder: Path, tell: Callable[[str], None]) -> None:
    """Write a Spark DataFrame."""
    if not _is_frame(frame, "pyspark"):
        raise UserErrorException(
            f"`dataframe` is a {type(frame).__name__}; a Spark DataFrame is expected."
        )
    frame.write.mode("overwrite").parquet(str(folder / "spark"))
    for file in (folder / "spark").iterdir():
        if file.suffix != ".parquet":
            file.unlink()


def of_dask(frame: Any, folder: Path, tell: Callable[[str], None]) -> None:
    """Write a Dask DataFrame."""
    if not _is_frame(frame, "dask"):
        raise UserErrorException(
            f"`dataframe` is a {type(frame).__name__}; a Dask DataFrame is expected."
        )
    frame.to_parquet(str(folder), write_index=False, write_metadata_file=False)


def _is_frame(value: Any, house: str) -> bool:
    return any(
        kind.__name__ in ("DataFrame", "FrameBase")
        and kind.__module__.partition(".")[0] in (house, f"{house}_expr")
        for kind in type(value).__mro__
    )


def _with_plain_names(frame: Any, tell: Callable[[str], None]) -> Any:
    names = {name: str(name).replace(".", "_") for name in frame.columns}
    if len(set(names.values())) < len(frame.columns):
        raise UserErrorException(
            "The DataFrame has several columns of one name.\nGive each its own name."
        )
    changed = {name: new for name, new in names.items() if name != new}
    if not changed:
        return frame
    words = ", ".join(f"{name} -> {new}" for name, new in changed.items())
    tell(f"Column names cannot have '.' in them and were changed: {words}")
    return frame.rename(columns=names)


def _has_lists(column: Any) -> bool:
    if str(column.dtype) != "object":
        return False
    return any(type(one).__name__ in ("list", "tuple", "ndarray", "set") for one in column)
