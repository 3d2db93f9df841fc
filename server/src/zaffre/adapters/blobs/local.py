"""Blobs in a folder of this machine."""

import asyncio
import contextlib
import hashlib
import io
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from zaffre.adapters.blobs.draft import Draft, mismatch
from zaffre.adapters.blobs.held import Held, HeldWriter
from zaffre.adapters.blobs.reading import CHUNK, Reading, part_of, verified
from zaffre.adapters.disk import make_folder, room, sync_folder
from zaffre.domain.errors import NotFoundError, TooLargeError
from zaffre.domain.files import check_digest

_SMALL = 256 << 10
"""What is no larger is kept in memory until it is all there, and written in one go."""
_MOST_HELD = 8 << 20
"""How many bytes wait in memory for their files; who brings more waits for the disk."""


class LocalBlobs:
    """Blobs as files named by their digests; file work happens in threads.

    Args:
        folder: Holds the blobs: `ab/abcd…`.
        temporary: Holds what is being written, on the same file system; what a killed server
            left there is removed.
    """

    def __init__(self, folder: Path, temporary: Path) -> None:
        self._folder = folder
        self._temporary = temporary
        # Digests whose files are given their names, or wait for it, and those that are looked at
        # for removal. None begins to leave while it arrives, and only the loop changes these.
        self._arriving: Counter[str] = Counter()
        self._leaving: dict[str, asyncio.Event] = {}
        self._held = Held()
        self._writer = HeldWriter(self._path, temporary, self._write_small)
        self._settling = asyncio.Lock()
        make_folder(folder)
        make_folder(temporary)
        for leftover in temporary.glob("blob-*"):
            leftover.unlink(missing_ok=True)
        _flatten(folder)

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
        pieces = _limited(chunks, limit)
        begin = await _begin(pieces)
        if len(begin) <= _SMALL:
            digest = _checked(begin, expected)
            async with self._arrival(digest):
                await asyncio.to_thread(self._write_small, begin)
            return digest, len(begin)
        return await self._put_large(begin, pieces, expected)

    async def keep(self, data: bytes, *, expected: str | None = None) -> tuple[str, int]:
        """Hold small bytes, which are durable only after `secure`."""
        digest = _checked(data, expected)
        if self._held.size > _MOST_HELD:
            # Before it is held, too: while the disk is full nothing more is.
            await self.settle()
        while digest in self._leaving:
            await self._leaving[digest].wait()
        if digest not in self._held:
            # As long as it is held it arrives: nobody looks at it for removal.
            self._arriving[digest] += 1
            self._held.add(digest, data)
        return digest, len(data)

    async def settle(self) -> None:
        """Write what is held to files, without waiting for the disk to have them."""
        async with self._settling:
            batch = self._held.all()
            if batch:
                await _to_its_end(asyncio.to_thread(self._writer.write, batch))
                self._held.let_go(batch)
                self._arrived(batch)

    @contextlib.asynccontextmanager
    async def secure(self, digests: Iterable[str]) -> AsyncIterator[set[str]]:
        """Make what was kept durable, and give the digests of what is and stays meanwhile."""
        wanted = frozenset(digests)
        async with self._arrival(*wanted):
            await self.settle()
            yield await asyncio.to_thread(self._secure, wanted)

    async def open(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Stream the bytes, or a part of them; the whole is verified before its last chunk."""
        file = self._opened(digest)
        whole = start == 0 and length is None
        reading = Reading(file, verified(file, digest) if whole else part_of(file, start, length))
        try:
            while chunk := await asyncio.to_thread(reading.next):
                yield chunk
        finally:
            reading.close()

    async def small(self, digest: str) -> bytes | None:
        """Return the bytes, verified, if they are few."""
        held = self._held.get(digest)
        return held if held is not None else await asyncio.to_thread(self._few, digest)

    async def size(self, digest: str) -> int:
        """Return how many bytes there are."""
        held = self._held.get(digest)
        return len(held) if held is not None else await asyncio.to_thread(self._size, digest)

    async def copy_to(self, digest: str, path: Path) -> None:
        """Write the bytes, verified, to a new file of this machine."""
        await asyncio.to_thread(self._copy, digest, path)

    async def verify(self, digest: str) -> bool:
        """Tell whether the blob is there and its bytes match."""
        return await asyncio.to_thread(self._matches, digest)

    async def remove(
        self,
        digests: Iterable[str],
        *,
        untouched_for: float,
        confirm: Callable[[list[str]], Awaitable[Iterable[str]]],
    ) -> dict[str, int]:
        """Remove those that were not put lately and that `confirm` returns, with their sizes."""
        with self._departure(digests) as leaving:
            old = await asyncio.to_thread(self._untouched, leaving, untouched_for)
            agreed = await confirm(sorted(old)) if old else ()
            gone = {digest: old[digest] for digest in agreed}
            await _to_its_end(asyncio.to_thread(self._unlink, gone))
        return gone

    async def untouched(self, seconds: float) -> AsyncIterator[list[str]]:
        """Yield, in slices, the digests of blobs that were not put for so long."""
        for number in range(256):
            folder = self._folder / f"{number:02x}"
            names = await asyncio.to_thread(_names, folder)
            old = await asyncio.to_thread(self._untouched, names, seconds)
            if old:
                yield sorted(old)

    async def _put_large(
        self, begin: bytearray, chunks: AsyncIterator[bytes], expected: str | None
    ) -> tuple[str, int]:
        draft = await asyncio.to_thread(Draft, self._temporary)
        try:
            size = await _write(draft, begin, chunks)
            async with self._arrival(draft.digest()):
                digest = await asyncio.to_thread(draft.publish, self._path, expected)
        finally:
            await asyncio.shield(asyncio.to_thread(draft.discard))
        return digest, size

    @contextlib.asynccontextmanager
    async def _arrival(self, *digests: str) -> AsyncIterator[None]:
        """Hold off the removal of blobs while they are given their names."""
        self._arriving.update(digests)
        try:
            for digest in digests:
                if digest in self._leaving:
                    await self._leaving[digest].wait()
            yield
        finally:
            self._arrived(digests)

    def _arrived(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._arriving[digest] -= 1
            if not self._arriving[digest]:
                del self._arriving[digest]

    @contextlib.contextmanager
    def _departure(self, digests: Iterable[str]) -> Iterator[list[str]]:
        """Hold off the arrival of blobs; those that arrive just now are left out."""
        busy = self._arriving.keys() | self._leaving.keys()
        leaving = [check_digest(digest) for digest in set(digests) - busy]
        event = asyncio.Event()
        self._leaving.update(dict.fromkeys(leaving, event))
        try:
            yield leaving
        finally:
            for digest in leaving:
                del self._leaving[digest]
            event.set()

    def _secure(self, digests: Iterable[str]) -> set[str]:
        durable = set()
        with room():
            for digest in digests:
                try:
                    _flush(self._path(digest))
                except FileNotFoundError:
                    continue
                durable.add(digest)
            for folder in {self._path(digest).parent for digest in durable}:
                sync_folder(folder)
        return durable

    def _write_small(self, data: bytes | bytearray) -> None:
        draft = Draft(self._temporary)
        try:
            draft.write(data)
            draft.publish(self._path, None)
        finally:
            draft.discard()

    def _untouched(self, digests: Iterable[str], seconds: float) -> dict[str, int]:
        """Return the old ones with their sizes; one that is not there is as old as can be."""
        latest = time.time() - seconds
        found: dict[str, int] = {}
        for digest in digests:
            try:
                stat = self._path(digest).stat()
            except FileNotFoundError:
                found[digest] = 0
                continue
            if stat.st_mtime <= latest:
                found[digest] = stat.st_size
        return found

    def _unlink(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        check_digest(digest)
        return self._folder / digest[:2] / digest

    def _opened(self, digest: str) -> IO[bytes]:
        # What is held is let go only when its file is there, so that one of both is found.
        held = self._held.get(digest)
        if held is not None:
            return io.BytesIO(held)
        try:
            return self._path(digest).open("rb", buffering=0)
        except FileNotFoundError:
            raise _not_found(digest) from None

    def _size(self, digest: str) -> int:
        with self._opened(digest) as file:
            return file.seek(0, os.SEEK_END)

    def _few(self, digest: str) -> bytes | None:
        with self._opened(digest) as file:
            # One byte more tells whether these are all.
            data = file.read(_SMALL + 1)
        if len(data) > _SMALL:
            return None
        _checked(data, digest)
        return data

    def _copy(self, digest: str, path: Path) -> None:
        with self._opened(digest) as file, room(), path.open("xb") as copy:
            try:
                for chunk in verified(file, digest):
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


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for what a thread does, even when cancelled: nobody can call it back."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait({task})


async def _limited(chunks: AsyncIterator[bytes], limit: int | None) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if limit is not None and size > limit:
            raise TooLargeError(
                "BlobTooLarge", f"There are more than {limit} bytes.", target="body"
            )
        yield chunk


def _checked(data: bytes | bytearray, expected: str | None) -> str:
    """Return the digest of bytes, which is to be the one that is expected."""
    digest = hashlib.sha256(data).hexdigest()
    if expected not in {None, digest}:
        raise mismatch(str(expected), digest)
    return digest


async def _begin(chunks: AsyncIterator[bytes]) -> bytearray:
    """Return the first bytes: all of them, or more than are written in one go."""
    begin = bytearray()
    async for chunk in chunks:
        begin += chunk
        if len(begin) > _SMALL:
            break
    return begin


async def _write(draft: Draft, begin: bytearray, chunks: AsyncIterator[bytes]) -> int:
    waiting = begin
    size = len(begin)
    async for chunk in chunks:
        size += len(chunk)
        waiting += chunk
        if len(waiting) >= CHUNK:
            await asyncio.to_thread(draft.write, waiting)
            waiting = bytearray()
    await asyncio.to_thread(draft.write, waiting)
    return size


def _names(folder: Path) -> list[str]:
    try:
        return [file.name for file in folder.iterdir()]
    except FileNotFoundError:
        return []


def _flush(path: Path) -> None:
    """Make the bytes of a file durable; one that the disk refused is removed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError:
        # The system tells of it once: flushed again, what it dropped would seem to be there.
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _flatten(folder: Path) -> None:
    """Lift files out of the second level of folders that earlier servers made."""
    for second in folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]"):
        for file in second.iterdir():
            file.replace(second.parent / file.name)
        sync_folder(second.parent)
        second.rmdir()


def _not_found(digest: str) -> NotFoundError:
    return NotFoundError("BlobNotFound", f"There is no blob `{digest}`.", target="digest")
