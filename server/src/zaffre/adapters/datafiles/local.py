"""Files of datastores in a folder of this machine."""

import asyncio
import contextlib
import errno
import hashlib
import itertools
import os
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import IO, Final

from zaffre_sdk.data.patterns import Pattern

from zaffre.adapters.datafiles.choosing import chosen
from zaffre.adapters.datafiles.folders import Folder, said
from zaffre.adapters.datafiles.listing import file_of, files_below
from zaffre.adapters.datafiles.packs import read_pack, write_pack
from zaffre.adapters.datafiles.parts import CHUNK, Part, taken_apart
from zaffre.domain.data_files import (
    DataFile,
    check_pattern,
    check_prefix,
    check_read_path,
    check_written_path,
    file_changed,
    file_exists,
)
from zaffre.domain.data_packs import SmallFile, WantedFile
from zaffre.domain.errors import ForbiddenError, NotFoundError

_SMALL: Final = 256 << 10
"""What is no larger is kept in memory until it is all there, and written in one go."""
_PAGE: Final = 500
_TURN: Final = 64 * CHUNK
"""After so many bytes of a digest others have their turn in the thread."""
_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENAMETOOLONG})


class LocalFiles:
    """Implements `ports.data_files.DataFiles`; file work happens in threads.

    What is written is read-only once it has its name: programs that are given the files
    themselves, by links, cannot change them by accident.

    Args:
        folder: Where they lie; made when the first file is written.
        packs: Bounds how many packs are written at once, to all folders together.
    """

    def __init__(self, folder: Folder, packs: asyncio.Semaphore) -> None:
        self._folder = folder
        self._packs = packs

    async def list(
        self, *, prefix: str = "", pattern: str | None = None, after: str | None = None
    ) -> AsyncIterator[DataFile]:
        """Yield files in order of their paths, those behind the path `after`."""
        wanted = None if pattern is None else Pattern(check_pattern(pattern))
        prefix = check_prefix(prefix)
        begin = wanted.base if wanted else ""
        if begin and wanted and wanted.is_plain:
            with contextlib.suppress(NotFoundError, ForbiddenError):
                file = await self.stat(begin)
                if begin.startswith(prefix) and begin > (after or ""):
                    yield file
            begin += "/"
        begin = check_prefix(_longer(prefix, begin))
        files = files_below(self._folder, prefix=begin, after=after or "")
        while page := await asyncio.to_thread(_page_of, files):
            for file in await chosen(page, wanted, prefix=prefix):
                yield file

    async def stat(self, path: str) -> DataFile:
        """Return a file."""
        check_read_path(path)
        file = await asyncio.to_thread(self._opened, path)
        with file:
            return file_of(path, os.fstat(file.fileno()))

    async def read(
        self, path: str, *, start: int = 0, length: int | None = None, mark: str = ""
    ) -> AsyncIterator[bytes]:
        """Stream a file, or a part of it."""
        check_read_path(path)
        file = await asyncio.to_thread(self._opened, path)
        if mark and file_of(path, os.fstat(file.fileno())).mark != mark:
            file.close()
            raise file_changed(path)
        reading = _Reading(file, start, length)
        try:
            while chunk := await asyncio.to_thread(reading.next):
                yield chunk
        finally:
            reading.close()

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, overwrite: bool) -> DataFile:
        """Write a file, which is seen once it is whole and durable."""
        normal = check_written_path(path)
        begin = await _begin(chunks)
        if len(begin) <= _SMALL:
            return await asyncio.to_thread(self._write_small, normal, begin, overwrite=overwrite)
        if not overwrite and await asyncio.to_thread(self._is_there, normal):
            raise file_exists(normal)
        part = await asyncio.to_thread(Part, self._folder)
        try:
            await _fill(part, begin, chunks)
            return await asyncio.to_thread(part.publish, normal, overwrite=overwrite)
        finally:
            await asyncio.shield(asyncio.to_thread(part.discard))

    async def write_pack(self, files: Sequence[SmallFile], *, overwrite: bool) -> Sequence[bool]:
        """Write files that are held at once; tell of each whether it was written."""
        async with self._packs:
            return await asyncio.to_thread(write_pack, self._folder, files, overwrite=overwrite)

    async def read_pack(self, files: Sequence[WantedFile]) -> Sequence[bytes]:
        """Return the bytes of files that are held at once."""
        return await asyncio.to_thread(read_pack, self._folder, files)

    async def remove(self, path: str) -> None:
        """Remove a file; removing one that is not there changes nothing."""
        check_read_path(path)
        await asyncio.to_thread(self._remove, path)

    async def digest(self, path: str) -> str:
        """Return the SHA-256 of a file."""
        check_read_path(path)
        turns = self._digest(path)
        digest = ""
        while not digest:
            digest = await asyncio.to_thread(next, turns)
        return digest

    def _opened(self, path: str) -> IO[bytes]:
        return os.fdopen(self._folder.open_file(path), "rb", buffering=0)

    def _write_small(self, path: str, data: bytearray, *, overwrite: bool) -> DataFile:
        if not overwrite and self._is_there(path):
            raise file_exists(path)
        part = Part(self._folder)
        try:
            part.write(data)
            return part.publish(path, overwrite=overwrite)
        finally:
            part.discard()

    def _is_there(self, path: str) -> bool:
        above, name = taken_apart(self._folder, path)
        try:
            with self._folder.opened(above) as folder:
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return False
        return True

    def _digest(self, path: str) -> Iterator[str]:
        """Yield nothing in the middle, and the digest in the end."""
        seen = hashlib.sha256()
        with self._opened(path) as file:
            done = 0
            while chunk := file.read(CHUNK):
                seen.update(chunk)
                done += len(chunk)
                if done >= _TURN:
                    done = 0
                    yield ""
        yield seen.hexdigest()

    def _remove(self, path: str) -> None:
        """Remove the file or the link of that name, and folders that are empty then."""
        above, name = taken_apart(self._folder, path)
        try:
            with self._folder.opened(above) as folder:
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
        except OSError as error:
            if error.errno in _NOT_THERE:
                return
            raise said(error, path, writing=True) from error
        # The first one that is not empty, or is somebody else's, ends it.
        with contextlib.suppress(OSError):
            while above:
                above, _, name = above.rpartition("/")
                with self._folder.opened(above) as folder:
                    os.rmdir(name, dir_fd=folder)


class _Reading:
    """A file that is read in other threads, one of which may outlive the request it reads for."""

    def __init__(self, file: IO[bytes], start: int, length: int | None) -> None:
        self._file = file
        self._left = length
        self._lock = threading.Lock()
        if start:
            file.seek(start)

    def next(self) -> bytes:
        with self._lock:
            if self._file.closed or self._left == 0:
                return b""
            chunk = self._file.read(CHUNK if self._left is None else min(CHUNK, self._left))
            self._left = None if self._left is None else self._left - len(chunk)
            return chunk

    def close(self) -> None:
        with self._lock:
            self._file.close()


async def _begin(chunks: AsyncIterator[bytes]) -> bytearray:
    """Return the first bytes: all of them, or more than are written in one go."""
    begin = bytearray()
    async for chunk in chunks:
        begin += chunk
        if len(begin) > _SMALL:
            break
    return begin


async def _fill(part: Part, waiting: bytearray, chunks: AsyncIterator[bytes]) -> None:
    async for chunk in chunks:
        waiting += chunk
        if len(waiting) >= CHUNK:
            await asyncio.to_thread(part.write, waiting)
            waiting = bytearray()
    await asyncio.to_thread(part.write, waiting)


def _page_of(files: Iterator[DataFile]) -> list[DataFile]:
    return list(itertools.islice(files, _PAGE))


def _longer(prefix: str, base: str) -> str:
    """Return the longer of two beginnings; what fits neither is sorted out behind."""
    return base if len(base) > len(prefix) else prefix
