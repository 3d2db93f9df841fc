"""Bytes from one file of this machine to another, moved by the kernel where it can do that."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from zaffre_sdk.data.early import STEP_BYTES, Told, early
from zaffre_sdk.errors import ChangedWhileReadingError

_SMALL_BYTES = 128 * 1024
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_BLOCK_BYTES = 1024 * 1024
_MOST_AT_ONCE = 1 << 30
# The kernel cannot do it between these two files; others may be fine.
_CANNOT = frozenset(
    {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY}
)

_Mover = Callable[[int, int, int], int]


def copy_bytes(source: int, target: int, *, size: int, told: Told | None = None) -> int:
    """Copy `size` bytes from where both descriptors stand; return how many there were.

    File systems that share blocks between files do so here, and nothing is copied at all.

    Args:
        source: Where from.
        target: Where to.
        size: How many.
        told: Called with the beginning and the length of each piece that was written.
    """
    if size <= _SMALL_BYTES:
        return _by_hand(source, target, size)
    done = 0
    for mover in _movers():
        done += _moved(mover, (source, target), size - done, at=done, told=told)
        if done == size:
            return done
    return done + _by_hand(source, target, size - done)


def _moved(mover: _Mover, files: tuple[int, int], size: int, *, at: int, told: Told | None) -> int:
    """Let the kernel move bytes; return how many it did move."""
    done = 0
    step = _MOST_AT_ONCE if told is None else STEP_BYTES
    while done < size:
        try:
            moved = mover(*files, min(size - done, step))
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            break
        if not moved:
            break
        if told is not None:
            told(at + done, moved)
        done += moved
    return done


def _movers() -> list[_Mover]:
    movers: list[_Mover] = []
    if hasattr(os, "copy_file_range"):
        movers.append(os.copy_file_range)
    if sys.platform == "linux":  # Elsewhere it is for sockets alone.
        movers.append(lambda source, target, count: os.sendfile(target, source, None, count))
    return movers


def _by_hand(source: int, target: int, size: int) -> int:
    done = 0
    while done < size:
        block = os.read(source, min(size - done, _BLOCK_BYTES))
        if not block:
            break
        done += len(block)
        while block:
            block = block[os.write(target, block) :]
    return done


def copy_file(source: str, target: str, *, mode: int = 0o666) -> None:
    """Copy a file to a name that is free.

    Raises:
        ChangedWhileReadingError: The source was written to meanwhile.
    """
    reading = os.open(source, os.O_RDONLY | _CLOSE_ON_EXEC)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSE_ON_EXEC, mode)
        try:
            copy_whole(reading, writing, name=source)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def copy_whole(reading: int, writing: int, *, name: str, is_durable: bool = False) -> int:
    """Copy all that an open file has; return how much that is.

    Args:
        reading: Where from.
        writing: A new file.
        name: For people.
        is_durable: It will be waited for until it is on the disk.

    Raises:
        ChangedWhileReadingError: It was written to meanwhile.
    """
    before = os.fstat(reading)
    told = early(writing, before.st_size) if is_durable else None
    copied = copy_bytes(reading, writing, size=before.st_size, told=told)
    after = os.fstat(reading)
    if copied != before.st_size or _marks(after) != _marks(before):
        raise ChangedWhileReadingError(
            f"`{name}` changed while reading. Take it again when nothing writes to it."
        )
    return copied


def _marks(status: os.stat_result) -> tuple[int, int]:
    return (status.st_size, status.st_mtime_ns)
