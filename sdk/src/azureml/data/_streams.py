"""Files that a column of a table names."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from azureml.core import _late
from azureml.core._nouns import nouns_of
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.access import THIS_MACHINE
from zaffre_sdk.data.listing import list_files
from zaffre_sdk.errors import NoFilesError
from zaffre_sdk.wire.datasets import DataPlace, Definition

_STORED = re.compile(
    r"^(?:AmlDatastore://|azureml://datastores/)(?P<store>[^/]+)/(?:paths/)?(?P<path>.+)$",
    re.IGNORECASE,
)


def files_of_column(dataset: Any, column: str) -> Any:
    """Return the files that a column names, as a FileDataset; each but once.

    Raises:
        UserErrorException: There is no such column, or it names no files.
    """
    with execution("download"):
        frame = dataset.keep_columns([column])._table().to_pandas()  # noqa: SLF001 - one house
    if column not in frame.columns:
        raise UserErrorException(f"There is no column `{column}`.")
    values = dict.fromkeys(str(one) for one in frame[column].dropna())
    if not values:
        raise UserErrorException(f"The column `{column}` names no files: it has no values.")
    stores = _stores(dataset)
    places = [_place(value, column, stores) for value in values]
    files = _late.find("azureml.data.file_dataset", "FileDataset")()
    return files._made(Definition("file", places), workspace=dataset._workspace)  # noqa: SLF001 - one house


def download(
    files: Any, target_path: str | None, *, overwrite: bool, ignore_not_found: bool
) -> list[str]:
    """Fetch the files that a column names, and return where they lie.

    Args:
        files: As `files_of_column` returns them.
        target_path: The folder; a new one without.
        overwrite: Replace files that are there.
        ignore_not_found: Leave out files that are not there.
    """
    try:
        found: list[str] = files.download(target_path, overwrite)
    except UserErrorException as error:
        if not ignore_not_found or not isinstance(error.inner_exception, NoFilesError):
            raise
        found = _there(files).download(target_path, overwrite)
    return found


def _there(files: Any) -> Any:
    """Return the places alone that have files."""
    definition, places = files._definition, []  # noqa: SLF001 - one house
    for place in definition.places:
        with execution("download"), suppress(NoFilesError):
            list_files(files._client, replace(definition, places=[place]))  # noqa: SLF001 - one house
            places.append(place)
    return files._made(replace(definition, places=places))  # noqa: SLF001 - one house


def _stores(dataset: Any) -> set[str]:
    workspace = dataset._workspace  # noqa: SLF001 - one house
    if workspace is None:
        return set()
    return {one.name for one in nouns_of(workspace).datastores.list()}


def _place(value: str, column: str, stores: set[str]) -> DataPlace:
    if value.lower().startswith(("http://", "https://")):
        return DataPlace(value)
    stored = _STORED.match(value)
    store, _, path = (stored["store"], "", stored["path"]) if stored else value.partition("/")
    if store in stores and path:
        return DataPlace(path, store)
    if value.startswith("/"):
        return DataPlace(value.lstrip("/"), THIS_MACHINE)
    raise UserErrorException(
        f"The column `{column}` has the value `{value}`, which names no file.\n"
        "An http(s) address, or the name of a datastore, a slash and a path in it, is expected."
    )
