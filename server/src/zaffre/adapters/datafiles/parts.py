"""A file of a datastore that is being written: nobody sees it before it is whole and durable."""

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import threading
import time
from typing import Final

from zaffre.adapters.datafiles.folders import Folder, said
from zaffre.adapters.datafiles.listing import file_of
from zaffre.adapters.disk import room
from zaffre.domain.data_files import HIDDEN, DataFile, file_exists

CHUNK: Final = 1 << 20
_ATTEMPTS: Final = 5
_PARTS: Final = f"{HIDDEN}parts"
_STALE_SECONDS: Final = 86_400.0
_READ_ONLY: Final = 0o444
_ONE_NAME: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})


class Part:
    """A file that is being written, under a name of the house.

    Its methods run in other threads; one that was left behind by a cancelled request may still
    be running when `discard` comes, hence the lock.

    Args:
        folder: Of the datastore.
        tidy: Look for what killed servers left, too; one of many parts is enough for that.
    """

    def __init__(self, folder: Folder, *, tidy: bool = True) -> None:
        self._folder = folder
        self._name = f"{HIDDEN}{secrets.token_hex(12)}"
        self._lock = threading.RLock()
        try:
            with room(), folder.opened(_PARTS, make=True) as parts:
                if tidy:
                    _forget_stale(parts)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                descriptor = os.open(self._name, flags, 0o600, dir_fd=parts)
        except OSError as error:
            raise said(error, _PARTS, writing=True) from error
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes."""
        with self._lock, room():
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    def publish(self, path: str, *, overwrite: bool) -> DataFile:
        """Make everything durable and give it its name."""
        with self._lock:
            self.harden()
            self.place(path, overwrite=overwrite)
            return file_of(path, os.fstat(self._file.fileno()))

    def harden(self) -> None:
        """Make the content durable; nothing is written to it from here on."""
        with self._lock, room():
            os.fchmod(self._file.fileno(), _READ_ONLY)
            os.fsync(self._file.fileno())

    def place(self, path: str, *, overwrite: bool, is_durable: bool = True) -> None:
        """Give it its name; whoever places many makes the names durable by `sync_above`."""
        with self._lock, room():
            for attempt in itertools.count(1):
                try:
                    self._place(path, overwrite=overwrite, is_durable=is_durable)
                    break
                except FileNotFoundError:
                    # Somebody removed the last file of the folder, and it with it.
                    if attempt == _ATTEMPTS:
                        raise

    def discard(self) -> None:
        """Remove what was not published."""
        with self._lock:
            self._file.close()
            with contextlib.suppress(FileNotFoundError), self._folder.opened(_PARTS) as parts:
                os.unlink(self._name, dir_fd=parts)

    def _place(self, path: str, *, overwrite: bool, is_durable: bool) -> None:
        above, name = taken_apart(self._folder, path)
        try:
            with (
                self._folder.opened(_PARTS) as parts,
                self._folder.opened(above, make=True) as folder,
            ):
                try:
                    _name_it(self._name, name, folders=(parts, folder), overwrite=overwrite)
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
                    self._place_elsewhere(parts, folder, name=name, overwrite=overwrite)
                if is_durable:
                    os.fsync(folder)
        except FileNotFoundError:
            raise
        except FileExistsError:
            raise file_exists(path) from None
        except OSError as error:
            raise said(error, path, writing=True) from error

    def _place_elsewhere(self, parts: int, folder: int, *, name: str, overwrite: bool) -> None:
        """Name a copy: another file system begins somewhere below the datastore."""
        source = os.open(self._name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=parts)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            copy = os.open(self._name, flags, _READ_ONLY, dir_fd=folder)
            with os.fdopen(source, "rb", closefd=False) as read, os.fdopen(copy, "wb") as written:
                shutil.copyfileobj(read, written, CHUNK)
                written.flush()
                os.fsync(copy)
                os.fchmod(copy, _READ_ONLY)
                os.utime(copy, ns=(changed := os.fstat(source).st_mtime_ns, changed))
            _name_it(self._name, name, folders=(folder, folder), overwrite=overwrite)
        finally:
            os.close(source)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._name, dir_fd=folder)


def sync_above(folder: Folder, above: str) -> None:
    """Make the names in the folder at a path durable; one that is gone has none."""
    with (
        room(),
        contextlib.suppress(FileNotFoundError),
        folder.opened(folder.resolve(above) if above else "") as descriptor,
    ):
        os.fsync(descriptor)


def taken_apart(folder: Folder, path: str) -> tuple[str, str]:
    """Return the resolved folder of a path, and the name in it: the last part may be a link."""
    above, _, name = path.rpartition("/")
    return folder.resolve(above) if above else "", name


def _name_it(part: str, name: str, *, folders: tuple[int, int], overwrite: bool) -> None:
    """Give a part of one folder its name in another, where a file may have to be spared."""
    parts, folder = folders
    if overwrite:
        os.rename(part, name, src_dir_fd=parts, dst_dir_fd=folder)
        return
    try:
        os.link(part, name, src_dir_fd=parts, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _ONE_NAME:
            raise
        # Where files have one name only it is looked at first, which nearly does.
        with contextlib.suppress(FileNotFoundError):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            raise FileExistsError(name) from error
        os.rename(part, name, src_dir_fd=parts, dst_dir_fd=folder)


def _forget_stale(parts: int) -> None:
    """Remove what killed servers left long ago."""
    oldest = time.time() - _STALE_SECONDS
    with os.scandir(parts) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.stat(follow_symlinks=False).st_mtime < oldest:
                    os.unlink(entry.name, dir_fd=parts)
