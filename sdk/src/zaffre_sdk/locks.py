"""Locks between processes: files that the kernel frees when their holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    # There is nothing weaker.
    _try_out = _take

    def _free(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _try_out(descriptor: int) -> None:
        # Shared: any number of programs may look at the same time and not see one another.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _free(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


_PAUSE_SECONDS = 0.02
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)


class FileLock:
    """An exclusive lock on a file, held until `release` or the death of the process.

    Example:
        >>> with FileLock(home.start_lock_path).acquired(seconds=30):
        ...     start()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, seconds: float = 0.0) -> bool:
        """Take the lock, waiting for it up to `seconds`; tell whether it is held now.

        Raises:
            OSError: The file cannot be made, or its file system has no locks.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | _CLOSE_ON_EXEC, 0o600)
        deadline = time.monotonic() + seconds
        try:
            while not _granted(_take, descriptor):
                if time.monotonic() >= deadline:
                    return False
                # Kernels wait for a lock without end or not at all.
                time.sleep(_PAUSE_SECONDS)
            self._descriptor = descriptor
        finally:
            if self._descriptor != descriptor:
                os.close(descriptor)
        return True

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _free(descriptor)
            os.close(descriptor)

    def abandon(self) -> None:
        """Forget a lock that a fork handed down; the parent goes on holding it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    @contextlib.contextmanager
    def acquired(self, *, seconds: float) -> Iterator[None]:
        """Hold the lock inside a `with` block.

        Raises:
            TimeoutError: Another process holds it for longer than `seconds`.
        """
        if not self.acquire(seconds=seconds):
            raise TimeoutError(f"Another process holds `{self.path}` for {seconds:g} s already.")
        try:
            yield
        finally:
            self.release()


def is_locked(path: Path) -> bool:
    """Tell whether a process holds the lock on this file; a missing file is not locked.

    Nothing is written: it may be asked about files that are not the caller's to change.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _CLOSE_ON_EXEC)
    except OSError:
        return False
    try:
        if not _granted(_try_out, descriptor):
            return True
        _free(descriptor)
    except OSError:
        return False  # This file system has no locks.
    finally:
        os.close(descriptor)
    return False


def _granted(ask: Callable[[int], None], descriptor: int) -> bool:
    try:
        ask(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    return True
