"""Reading a blob piece by piece, and telling whether it is what its digest says."""

import hashlib
import threading
from collections.abc import Iterator
from typing import IO

from zaffre.adapters.blobs.draft import mismatch

CHUNK = 1 << 20


class Reading:
    """A file that is read in other threads, one of which may outlive the request it reads for."""

    def __init__(self, file: IO[bytes], chunks: Iterator[bytes]) -> None:
        self._file = file
        self._chunks = chunks
        self._lock = threading.Lock()

    def next(self) -> bytes:
        """Return the next chunk; empty at the end and behind `close`."""
        with self._lock:
            return b"" if self._file.closed else next(self._chunks, b"")

    def close(self) -> None:
        """Close the file as soon as no thread reads it."""
        with self._lock:
            self._file.close()


def verified(file: IO[bytes], digest: str) -> Iterator[bytes]:
    """Yield the bytes, and the last of them only if all of them match."""
    seen = hashlib.sha256()
    held = b""
    while chunk := file.read(CHUNK):
        if held:
            yield held
        seen.update(chunk)
        held = chunk
    if seen.hexdigest() != digest:
        raise mismatch(digest, seen.hexdigest())
    if held:
        yield held


def part_of(file: IO[bytes], start: int, length: int | None) -> Iterator[bytes]:
    """Yield bytes from a place on, as they are; all of them without a length."""
    file.seek(start)
    left = length
    while left is None or left > 0:
        chunk = file.read(CHUNK if left is None else min(CHUNK, left))
        if not chunk:
            return
        yield chunk
        left = None if left is None else left - len(chunk)
