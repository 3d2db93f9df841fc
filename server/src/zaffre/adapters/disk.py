"""Writing to a disk so that it stays written, and saying so when there is no room."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from zaffre.domain.errors import StorageFullError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextlib.contextmanager
def room() -> Iterator[None]:
    """Turn the system's words for a full disk into ours.

    Raises:
        StorageFullError: `StorageFull`.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageFullError(
            "StorageFull",
            "The disk of the server is full.",
            hint="Free some space and send it again; nothing of it was kept.",
        ) from error


def make_folder(folder: Path) -> None:
    """Make a private folder and those above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
