"""Which files a definition stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zaffre_sdk.data.access import THIS_MACHINE, Files, files_of
from zaffre_sdk.data.listed import ListedFile
from zaffre_sdk.data.machine import machine_path
from zaffre_sdk.data.patterns import Pattern
from zaffre_sdk.errors import NoFilesError
from zaffre_sdk.wire.datasets import DataPlace, Definition
from zaffre_sdk.wire.datastores import DataFile

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient


__all__ = ["ListedFile", "list_files", "local_files"]


def list_files(client: WorkspaceClient | None, definition: Definition) -> list[ListedFile]:
    """Return the files of a definition, place by place and by path.

    The steps of a definition of kind `file` are applied; those of a tabular one are about its
    records, and all its files are returned.

    Args:
        client: The workspace; None will do where no place is in a datastore.
        definition: What the files are of.

    Raises:
        NoFilesError: A place has none; names the place.
        NotFoundError: A datastore is not there; lists those there are.
    """
    ways: dict[str | None, Files] = {}
    found: list[ListedFile] = []
    alone = len(definition.places) == 1
    for place in definition.places:
        found += _listed(_way(client, place, ways), place, alone=alone)
    if definition.kind != "file" or not definition.steps:
        return found
    from zaffre_sdk.data.choosing import choose  # noqa: PLC0415 (most have no steps)

    return choose(found, definition)


def local_files(files: Sequence[ListedFile]) -> list[Path]:
    """Return where the bytes of each file lie on this machine; far ones are fetched to the cache.

    What is found there must not be written to.
    """
    paths = [one.local_path for one in files]
    known = [path for path in paths if path is not None]
    if len(known) == len(paths):
        return known
    from zaffre_sdk.data.cache import DataCache  # noqa: PLC0415 (near files need none)

    return DataCache().local(files)


def _way(client: WorkspaceClient | None, place: DataPlace, ways: dict[str | None, Files]) -> Files:
    if place.datastore not in ways:
        ways[place.datastore] = files_of(client, place.datastore)
    return ways[place.datastore]


def _listed(files: Files, place: DataPlace, *, alone: bool) -> list[ListedFile]:
    found = files.list(place.path)
    if not found:
        raise NoFilesError(_nothing(place))
    return [ListedFile(file, place, _relative(file, place, alone=alone), files) for file in found]


def _relative(file: DataFile, place: DataPlace, *, alone: bool) -> str:
    """Return where a file lies in the dataset: below what is no pattern in its one place."""
    if place.datastore is None:
        return _address_path(file.path, alone=alone)
    if not alone:
        return file.path if place.datastore == THIS_MACHINE else f"{place.datastore}/{file.path}"
    base = Pattern(place.path).base
    if file.path == base:
        return PurePosixPath(base).name
    return file.path[len(base) + 1 :] if base else file.path


def _address_path(address: str, *, alone: bool) -> str:
    from zaffre_sdk.data.web import address_names  # noqa: PLC0415 (rarely needed)

    name, above = address_names(address)
    if alone:
        return name
    query = address.partition("?")[2]
    if query:
        stem, dot, suffix = name.partition(".")
        name = f"{stem}-{hashlib.sha256(query.encode()).hexdigest()[:8]}{dot}{suffix}"
    return "/".join([*above, name])


def _nothing(place: DataPlace) -> str:
    where, path = f"in the datastore `{place.datastore}`", place.path
    if place.datastore == THIS_MACHINE:
        where, path = "on this machine", machine_path(path)
    if "*" in path:
        return f"No file {where} matches `{path}`. List the folder above the first `*`."
    return f"There is no file or folder `{path}` {where}. Check the path, capitals included."
