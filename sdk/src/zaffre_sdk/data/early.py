"""Writing that begins while there is still more to come, where the system can be told so.

A large file that must be on the disk in the end is there sooner when the disk need not wait for
the last byte: the kernel would hold the whole file back until somebody asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

STEP_BYTES = 16 * 1024 * 1024
_WRITE = 2  # SYNC_FILE_RANGE_WRITE: begin, and do not wait.

Told = Callable[[int, int], None]


def early(descriptor: int, size: int) -> Told | None:
    """Return what is to be told of each piece that was written; None where that is no help.

    Args:
        descriptor: A new file that is to have so many bytes; room for them is taken here.
        size: How many.
    """
    if sys.platform != "linux" or size <= STEP_BYTES:
        return None
    libc = _libc()
    if libc is None:
        return None
    # The function of the C library would write zeros where the file system cannot do it.
    libc.fallocate(descriptor, 0, 0, size)

    def told(start: int, length: int) -> None:
        libc.sync_file_range(descriptor, start, length, _WRITE)

    return told


def _libc() -> Any:  # noqa: ANN401 (functions of C have no types)
    import ctypes  # noqa: PLC0415 (slow to load, and only for large files)

    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "sync_file_range") or not hasattr(libc, "fallocate"):
        return None
    offset, number = ctypes.c_int64, ctypes.c_int
    libc.sync_file_range.argtypes = [number, offset, offset, ctypes.c_uint]
    libc.fallocate.argtypes = [number, number, offset, offset]
    return libc
