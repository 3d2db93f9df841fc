"""Records written to a folder for each value of some columns."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

from azureml.core import _late
from azureml.data import _uploading
from azureml.data._places import target_of
from azureml.data._steps import columns_of
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException

_TIME = "yyyyMMddHHmmss"
_STRFTIME = "%Y%m%d%H%M%S"
_UNFIT = re.compile(r"[./\\:*%]|[\x00-\x1f]")
_MOST_FOLDERS = 100_000


def partition(
    dataset: Any,
    partition_keys: Any,
    *,
    target: Any,
    name: str | None,
    say: Callable[[str], None],
    as_files: bool,
) -> Any:
    """Write the records, and return the dataset over what was written.

    Raises:
        UserErrorException: A key is no column, or a value cannot be the name of a folder.
    """
    say("Validating arguments.")
    store, folder = target_of(target)
    with execution("partition_by"):
        columns = dataset._table().columns  # noqa: SLF001 - one house
    keys = _keys(partition_keys, columns)
    say("Arguments validated.")
    place = "/".join(part for part in (folder.rstrip("/"), str(uuid4())) if part)
    say(f"Uploading file to {place}")
    with tempfile.TemporaryDirectory(prefix="partitions-") as made:
        with execution("partition_by"):
            _write(dataset, keys, Path(made))
        _uploading.send(Path(made), store, place, overwrite=True)
    say("Successfully uploaded file to datastore.")
    say("Creating a new dataset.")
    done = _made(store, place, _form(place, keys, columns), as_files=as_files)
    say("Successfully created a new dataset.")
    if name is None:
        return done
    say("registering a new dataset.")
    done = done.register(store.workspace, name, create_new_version=True)
    say("Successfully created and registered a new dataset.")
    return done


def _keys(given: Any, columns: Any) -> list[str]:
    if not given:
        raise UserErrorException("partition_keys cannot be empty")
    keys = columns_of(given)
    if not isinstance(given, str) and len(keys) < len(given):
        raise UserErrorException("partition_keys cannot have duplicates")
    unknown = [key for key in keys if key not in columns]
    if unknown:
        raise UserErrorException(
            f"{unknown} are invalid partition keys.\nThe columns are: {', '.join(columns)}."
        )
    times = [key for key in keys if columns[key] == "datetime"]
    if len(times) > 1:
        raise UserErrorException(
            f"The partition keys {times} are all times; a path has one time at most."
        )
    if len(keys) == len(columns):
        raise UserErrorException(
            "The partition keys are all columns there are; nothing would be left to write."
        )
    return keys


def _form(place: str, keys: list[str], columns: Any) -> str:
    parts = [f"{{{key}:{_TIME}}}" if columns[key] == "datetime" else f"{{{key}}}" for key in keys]
    return f"{place}/{'/'.join(parts)}/*.parquet"


def _made(store: Any, place: str, form: str, *, as_files: bool) -> Any:
    home = "azureml.data.dataset_factory"
    path = (store, f"{place}/**/*.parquet")
    if as_files:
        return _late.find(home, "FileDatasetFactory").from_files(path, partition_format=form)
    tables = _late.find(home, "TabularDatasetFactory")
    return tables.from_parquet_files(path, partition_format=form)


def _write(dataset: Any, keys: list[str], folder: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - optional, and slow to load
    import pyarrow.dataset as pads  # noqa: PLC0415 - as above

    batches = iter(dataset._table().batches())  # noqa: SLF001 - one house
    first = next(batches, None)
    if first is None or (first.num_rows == 0 and (first := next(batches, None)) is None):
        raise UserErrorException("The dataset has no records; nothing was written.")
    converted = (_with_texts(one, keys) for one in chain([first], batches))
    opening = next(converted)
    folders = pads.DirectoryPartitioning(
        pa.schema([(key, pa.string()) for key in keys]), segment_encoding="none"
    )
    try:
        pads.write_dataset(
            pa.RecordBatchReader.from_batches(opening.schema, chain([opening], converted)),
            str(folder),
            format="parquet",
            partitioning=folders,
            max_partitions=_MOST_FOLDERS,
            existing_data_behavior="overwrite_or_ignore",
        )
    except pa.ArrowInvalid as error:
        raise UserErrorException(
            f"The records cannot be written by {', '.join(keys)}: {error}\n"
            f"At most {_MOST_FOLDERS} folders are made; use keys with fewer values.",
            inner_exception=error,
        ) from error


def _with_texts(batch: Any, keys: list[str]) -> Any:
    """Return a batch whose keys are the names of folders."""
    for key in keys:
        at = batch.schema.get_field_index(key)
        batch = batch.set_column(at, key, _texts(batch.column(at), key))
    return batch


def _texts(values: Any, key: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - optional, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    if values.null_count:
        raise UserErrorException(
            f"The partition key `{key}` has records without value, which no folder stands for.\n"
            f"Leave them out: `dataset.filter(~dataset[{key!r}].is_null())`."
        )
    if pa.types.is_temporal(values.type):
        return pc.strftime(values.cast(pa.timestamp("s"), safe=False), format=_STRFTIME)
    if pa.types.is_boolean(values.type):
        return pc.if_else(values, "True", "False")
    texts = values.cast(pa.string())
    for text in _unfit(texts):
        raise UserErrorException(
            f"The partition key `{key}` has the value `{text}`, which cannot be the name of a "
            "folder.\nUse keys whose values have none of `. / \\ : * %` in them."
        )
    return texts


def _unfit(texts: Any) -> Iterator[str]:
    import pyarrow.compute as pc  # noqa: PLC0415 - optional, and slow to load

    return (text for text in pc.unique(texts).to_pylist() if not text or _UNFIT.search(text))
