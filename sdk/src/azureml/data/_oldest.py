"""Factories of the oldest API, by what took their place."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from azureml.data._places import places_of
from azureml.data.abstract_dataset import AbstractDataset
from azureml.data.dataset_factory import FileDatasetFactory, TabularDatasetFactory
from azureml.data.dataset_type_definitions import SkipLinesBehavior
from azureml.exceptions import UserErrorException

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}
_LINES = {".jsonl", ".ndjson", ".json"}


def auto_read_files(path: Any, include_path: bool, partition_format: str | None) -> Any:
    """Return a table over files that are read as their names end."""
    ending = PurePosixPath(places_of(path).places[0].path).suffix.lower()
    given: dict[str, Any] = {"include_path": include_path, "partition_format": partition_format}
    if ending in _SEPARATORS:
        return TabularDatasetFactory.from_delimited_files(
            path, separator=_SEPARATORS[ending], **given
        )
    if ending == ".parquet":
        return TabularDatasetFactory.from_parquet_files(path, **given)
    if ending in _LINES:
        return TabularDatasetFactory.from_json_lines_files(path, **given)
    known = ", ".join(sorted({*_SEPARATORS, *_LINES, ".parquet"}))
    raise UserErrorException(
        f"The path ends with `{ending}`, which does not say how to read it; there is: {known}.\n"
        "Use the factory for the format, such as `Dataset.Tabular.from_delimited_files`."
    )


def from_delimited_files(path: Any, **given: Any) -> Any:
    """Return a table over delimited files."""
    for name in ("comment", "archive_options"):
        if given.pop(name, None) is not None:
            raise _refused(name)
    if given.pop("skip_rows", 0) and given.get("skip_mode") is not SkipLinesBehavior.NO_ROWS:
        raise _refused("skip_rows")
    given.pop("skip_mode", None)
    quoting = bool(given.pop("quoting", False))
    return TabularDatasetFactory.from_delimited_files(path, support_multi_line=quoting, **given)


def from_json_files(path: Any, flatten_nested_arrays: bool, **given: Any) -> Any:
    """Return a table over files with a JSON object in each line."""
    if flatten_nested_arrays:
        raise _refused("flatten_nested_arrays")
    return TabularDatasetFactory.from_json_lines_files(path, **given)


def from_binary_files(path: Any) -> Any:
    """Return a dataset of files."""
    return FileDatasetFactory.from_files(path)


def get(workspace: Any, name: str | None, dataset_id: str | None) -> Any:
    """Return a dataset by its name, or by its id."""
    if (name is None) == (dataset_id is None):
        raise UserErrorException("Give either `name` or `id`.")
    if dataset_id is not None:
        return AbstractDataset.get_by_id(workspace, dataset_id)
    return AbstractDataset.get_by_name(workspace, str(name))


def _refused(name: str) -> UserErrorException:
    return UserErrorException(
        f"`{name}` is not part of zaffre.\nMake the dataset without it, and change what is read.",
        code="NotSupported",
    )
