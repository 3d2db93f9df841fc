"""Listing the files of a folder in order of their paths, a folder at a time."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from zaffre.adapters.datafiles.folders import Folder, said
from zaffre.domain.data_files import HIDDEN, DataFile
from zaffre.domain.errors import NotFoundError, ZaffreError

_LAST: Final = "\U0010ffff"


class _Found(NamedTuple):
    """What lies in a folder; a folder's own name ends with a slash, as order demands."""

    name: str
    stat: os.stat_result | None


def files_below(folder: Folder, *, prefix: str, after: str) -> Iterator[DataFile]:
    """Yield files whose paths begin with `prefix` and come behind `after`, in order.

    Links to files inside are files; links to folders are passed over, so that no file is listed
    twice and no walk is endless.

    Raises:
        ForbiddenError: `DatastoreRefused`, for a folder that the server's user may not read.
    """
    begin = prefix.rpartition("/")[0]
    # Folders may lie deeper than functions can.
    walk = [_below(folder, f"{begin}/" if begin else "", prefix=prefix, after=after)]
    while walk:
        found = next(walk[-1], None)
        if found is None:
            walk.pop()
        elif isinstance(found, DataFile):
            yield found
        else:
            walk.append(_below(folder, found, prefix=prefix, after=after))


def file_of(path: str, found: os.stat_result) -> DataFile:
    """Return what is known of a file."""
    return DataFile(
        path=path,
        size=found.st_size,
        modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
        mark=f"{found.st_mtime_ns:x}-{found.st_size:x}",
    )


def _below(folder: Folder, place: str, *, prefix: str, after: str) -> Iterator[DataFile | str]:
    """Yield the files of a folder, and the paths of those in it that may have some."""
    for name, found in _scanned(folder, place):
        path = place + name
        if found is not None:
            if path > after and path.startswith(prefix):
                yield file_of(path, found)
        elif f"{path}{_LAST}" > after and (path.startswith(prefix) or prefix.startswith(path)):
            yield path


def _scanned(folder: Folder, place: str) -> list[_Found]:
    try:
        with folder.opened(place.rstrip("/")) as descriptor, os.scandir(descriptor) as entries:
            found = [_looked_at(folder, place, entry) for entry in entries]
    except OSError as error:
        meant = said(error, place.rstrip("/"))
        if isinstance(meant, NotFoundError):
            return []
        raise meant from error
    return sorted(one for one in found if one is not None)


def _looked_at(folder: Folder, place: str, entry: "os.DirEntry[str]") -> _Found | None:
    if entry.name.startswith(HIDDEN) or not _is_text(entry.name):
        return None
    try:
        if entry.is_dir(follow_symlinks=False):
            return _Found(f"{entry.name}/", None)
        if entry.is_symlink():
            return _behind(folder, place, entry.name)
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return _Found(entry.name, found) if stat.S_ISREG(found.st_mode) else None


def _behind(folder: Folder, place: str, name: str) -> _Found | None:
    """Return the file that a link leads to, if it is one inside."""
    try:
        descriptor = folder.open_file(place + name)
    except ZaffreError:
        return None
    try:
        return _Found(name, os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _is_text(name: str) -> bool:
    """Tell whether a name can be sent as text at all."""
    return not any("\ud800" <= character <= "\udfff" for character in name)
