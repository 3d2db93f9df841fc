"""Walking folders that others write to, without being led out of them.

A path is resolved first, links and all; what it resolves to must lie inside. Then every part of
it is opened from the folder before it without following links, so that nothing that is changed
meanwhile leads elsewhere.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.data_files import is_hidden, no_file
from zaffre.domain.errors import ConflictError, ForbiddenError

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe or a device of that name must not be waited for.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_IN_THE_WAY: Final = frozenset({errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENOTEMPTY})
# A socket, or a device behind which nothing is, cannot be opened.
_ABSENT: Final = _IN_THE_WAY | {errno.ENOENT, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV}
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Folder:
    """A folder and what lies in it, as far as no link leads out.

    Args:
        root: A folder that is there, and is trusted to be what it seems.
        below: Where in it the folder lies, which need not be there yet; `""` is the root itself.
    """

    def __init__(self, root: Path, below: str = "") -> None:
        self._root = root
        self._below = below

    @property
    def path(self) -> Path:
        """Where it lies; raises as `resolve`."""
        return Path(self._top())

    def resolve(self, path: str) -> str:
        """Return where a path leads, below the folder; `""` is the folder itself.

        Raises:
            ForbiddenError: `LinkLeadsOut`.
            NotFoundError: `DataFileNotFound`, for what is the house's own.
        """
        inside = _inside(self._top(), path)
        if is_hidden(inside):
            raise no_file(path)
        return inside

    @contextlib.contextmanager
    def opened(self, path: str = "", *, make: bool = False) -> Iterator[int]:
        """Open the folder at a resolved path, made durably if it is to be.

        Raises:
            OSError: It is no folder, or not there.
        """
        root = os.path.realpath(self._root)
        below = self._top().removeprefix(root).strip("/")
        step = _make_and_open if make else _open
        descriptor = os.open(root, _FOLDER)
        try:
            for part in (*_parts(below), *_parts(path)):
                inner = step(part, descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def open_file(self, path: str) -> int:
        """Return a descriptor of a regular file.

        Raises:
            NotFoundError: `DataFileNotFound`, also for what is no regular file.
            ForbiddenError: `LinkLeadsOut`, or `DatastoreRefused`.
        """
        inside = self.resolve(path)
        above, _, name = inside.rpartition("/")
        try:
            with self.opened(above) as folder:
                descriptor = os.open(name, _FILE, dir_fd=folder)
        except OSError as error:
            raise said(error, path) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise no_file(path)
        return descriptor

    def _top(self) -> str:
        root = os.path.realpath(self._root)
        inside = _inside(root, self._below)
        return f"{root.rstrip('/')}/{inside}" if inside else root


def _taken(path: str) -> ConflictError:
    """Return the error for a path where a file cannot come to lie."""
    return ConflictError(
        "DataPathTaken",
        f"No file can be written at {shown(path)}: a folder or a file is in the way.",
        target="path",
        hint="Write to another path.",
    )


def _denied(path: str) -> ForbiddenError:
    """Return the error for what the server's user may not do."""
    return ForbiddenError(
        "DatastoreRefused",
        f"The server's user may not do this with {shown(path)}.",
        target="path",
        hint="Give that user the right to read and write the folder.",
    )


def said(error: OSError, path: str, *, writing: bool = False) -> Exception:
    """Return what a failure of the system means for a path, or the failure itself."""
    if error.errno in _DENIED:
        return _denied(path)
    if writing:
        return _taken(path) if error.errno in _IN_THE_WAY else error
    return no_file(path) if error.errno in _ABSENT else error


def _inside(top: str, path: str) -> str:
    """Return where a path below a real folder leads, below that folder."""
    real = os.path.realpath(os.path.join(top, path))  # noqa: PTH118 - a name may be anything
    if real == top:
        return ""
    inside = real.removeprefix(f"{top.rstrip('/')}/")
    if inside == real:
        raise ForbiddenError(
            "LinkLeadsOut",
            f"A link leads the path {shown(path)} out of the datastore.",
            target="path",
            hint="Put a copy in the place of the link.",
        )
    return inside


def _open(name: str, above: int) -> int:
    return os.open(name, _FOLDER, dir_fd=above)


def _make_and_open(name: str, above: int) -> int:
    try:
        return _open(name, above)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=above)
        os.fsync(above)
        return _open(name, above)


def _parts(path: str) -> Sequence[str]:
    return path.split("/") if path else ()
