"""Blobs in a folder of this machine."""

import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO

from zaffre.adapters.blobs.disk import make_folder, room
from zaffre.adapters.blobs.draft import Draft, mismatch
from zaffre.domain.errors import NotFoundError, TooLargeError
from zaffre.domain.files import check_digest

CHUNK = 1 << 20


class LocalBlobs:
    """Blobs as files named by their digests, two folders deep; file work happens in threads.

    Args:
        folder: Holds the blobs: `ab/cd/abcd…`.
        temporary: Holds what is being written, on the same file system; what a killed server
            left there is removed.
    """

    def __init__(self, folder: Path, temporary: Path) -> None:
        self._folder = folder
        self._temporary = temporary
        make_folder(folder)
        make_folder(temporary)
        for leftover in temporary.glob("blob-*"):
            leftover.unlink(missing_ok=True)

    async def put(
        self,
        chunks: AsyncIterator[bytes],
        *,
        expected: str | None = None,
        limit: int | None = None,
    ) -> tuple[str, int]:
        """Store a stream and return its digest and size."""
        if expected is not None:
            check_digest(expected)
        draft = Draft(self._temporary)
        try:
            size = await _write(draft, chunks, limit)
            digest = await asyncio.to_thread(draft.publish, self._path, expected)
        finally:
            await asyncio.shield(asyncio.to_thread(draft.discard))
        return digest, size

    async def open(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Stream the bytes, or a part of them; the whole is verified before its last chunk."""
        file = self._opened(digest)
        whole = start == 0 and length is None
        reading = _Reading(file, _verified(file, digest) if whole else _part(file, start, length))
        try:
            while chunk := await asyncio.to_thread(reading.next):
                yield chunk
        finally:
            reading.close()

    async def size(self, digest: str) -> int:
        """Return how many bytes there are."""
        return (await asyncio.to_thread(self._stat, digest)).st_size

    async def copy_to(self, digest: str, path: Path) -> None:
        """Write the bytes, verified, to a new file of this machine."""
        await asyncio.to_thread(self._copy, digest, path)

    async def verify(self, digest: str) -> bool:
        """Tell whether the blob is there and its bytes match."""
        return await asyncio.to_thread(self._matches, digest)

    def _path(self, digest: str) -> Path:
        check_digest(digest)
        return self._folder / digest[:2] / digest[2:4] / digest

    def _opened(self, digest: str) -> IO[bytes]:
        try:
            return self._path(digest).open("rb", buffering=0)
        except FileNotFoundError:
            raise _not_found(digest) from None

    def _stat(self, digest: str) -> os.stat_result:
        try:
            return self._path(digest).stat()
        except FileNotFoundError:
            raise _not_found(digest) from None

    def _copy(self, digest: str, path: Path) -> None:
        with self._opened(digest) as file, room(), path.open("xb") as copy:
            try:
                for chunk in _verified(file, digest):
                    copy.write(chunk)
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def _matches(self, digest: str) -> bool:
        try:
            with self._opened(digest) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == digest  # type: ignore[arg-type]  # raw files will do
        except NotFoundError:
            return False


class _Reading:
    """A file that is read in other threads, one of which may outlive the request it reads for."""

    def __init__(self, file: IO[bytes], chunks: Iterator[bytes]) -> None:
        self._file = file
        self._chunks = chunks
        self._lock = threading.Lock()

    def next(self) -> bytes:
        with self._lock:
            return b"" if self._file.closed else next(self._chunks, b"")

    def close(self) -> None:
        with self._lock:
            self._file.close()


async def _write(draft: Draft, chunks: AsyncIterator[bytes], limit: int | None) -> int:
    waiting = bytearray()
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if limit is not None and size > limit:
            raise TooLargeError(
                "BlobTooLarge", f"There are more than {limit} bytes.", target="body"
            )
        waiting += chunk
        if len(waiting) >= CHUNK:
            await asyncio.to_thread(draft.write, waiting)
            waiting = bytearray()
    await asyncio.to_thread(draft.write, waiting)
    return size


def _verified(file: IO[bytes], digest: str) -> Iterator[bytes]:
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


def _part(file: IO[bytes], start: int, length: int | None) -> Iterator[bytes]:
    file.seek(start)
    left = length
    while left is None or left > 0:
        chunk = file.read(CHUNK if left is None else min(CHUNK, left))
        if not chunk:
            return
        yield chunk
        left = None if left is None else left - len(chunk)


def _not_found(digest: str) -> NotFoundError:
    return NotFoundError("BlobNotFound", f"There is no blob `{digest}`.", target="digest")
