"""Where files lie on this machine: only below folders that the source itself names."""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from zaffre.importing.entities import File
from zaffre.importing.errors import BrokenThingError, OutOfReachError

_REMOTE: Final = (
    "it lies in a store that only its server reads; import from the http:// address of an MLflow "
    "server that serves it"
)
_OUTSIDE: Final = "it lies outside of the folders that the source names"
# The folder of an experiment lies in `mlruns`, which lies where the program was started.
_ABOVE: Final = 2
_ABSENT: Final = "nothing is there on this machine"


def path_of(place: str) -> Path | None:
    """Return the path that a place says, if it says one of a machine."""
    try:
        parts = urlsplit(place)
    except ValueError:
        return None
    path = unquote(parts.path) if parts.scheme == "file" else place
    is_local = parts.scheme in {"", "file"} and path and "\0" not in path
    return Path(path) if is_local else None


class LocalPlaces:
    """Reads files below roots."""

    def __init__(self, roots: Iterable[str]) -> None:
        paths = (path_of(root) for root in roots)
        self._roots = {path.resolve() for path in paths if path is not None}

    def folder(self, place: str) -> Path:
        """Return the folder, or the file, at a place.

        Raises:
            OutOfReachError: It is not on this machine, or not below a root.
        """
        path = path_of(place)
        if path is None:
            raise OutOfReachError(place, _REMOTE)
        real = path.resolve()
        if not any(real.is_relative_to(root) for root in self._roots):
            raise OutOfReachError(place, _OUTSIDE)
        if not real.exists():
            raise OutOfReachError(place, _ABSENT)
        return real

    def files(self, place: str, *, may_lack: bool = False) -> Iterator[File]:
        """Yield the files at a place; raises as `folder`.

        Args:
            place: A folder.
            may_lack: Take it for empty when it is not there, but what it should lie in is:
                programs make the folder of a run with its first file.
        """
        try:
            folder = self.folder(place)
        except OutOfReachError:
            if may_lack and self._is_unmade(place):
                return
            raise
        yield from files_below(folder)

    def _is_unmade(self, place: str) -> bool:
        path = path_of(place)
        if path is None or path.exists():
            return False
        around = [root for root in self._roots if path.resolve().is_relative_to(root)]
        return any(
            one.is_dir() and one != Path(one.anchor)
            for root in around
            for one in (root, *islice(root.parents, _ABOVE))
        )


def files_below(folder: Path) -> Iterator[File]:
    """Yield the files of a folder by path, or the one file; what is none is named at the end.

    Raises:
        BrokenThingError: A link leads out of the folder or to no file, or there is a pipe.
    """
    if folder.is_file():
        yield _file(folder, folder.name)
        return
    root = folder.resolve()
    refused = []
    for top, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *(one for one in folders if (Path(top) / one).is_symlink())]):
            path = Path(top) / name
            if path.is_file() and path.resolve().is_relative_to(root):
                yield _file(path, path.relative_to(folder).as_posix())
            else:
                refused.append(str(path))
    if refused:
        raise BrokenThingError(
            f"no file, or a link that leads out of its folder: {', '.join(refused)}"
        )


def _file(path: Path, name: str) -> File:
    def fetch() -> AbstractContextManager[Path]:
        return nullcontext(path)

    return File(name, fetch)
