"""Logs as files in a folder of this machine."""

import asyncio
import os
import re
import shutil
import threading
from collections import defaultdict
from pathlib import Path

from zaffre.adapters.disk import make_folder, room
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.paths import check_path
from zaffre.ports.logs import LogFile

MAX_BYTES = 256 << 20
_LOCKS = 64
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,254}")


class LocalLogs:
    """Logs below `folder/<owner>/<owner>/`; files end at `limit` bytes and a line that says so.

    What `append` answered survives the death of this process, though not that of the machine:
    logs are for people, and a wait for the disk with every line would slow what they tell of.
    """

    def __init__(self, folder: Path, *, limit: int = MAX_BYTES) -> None:
        self._folder = folder
        self._limit = limit
        self._cut = f"\n[the log ends here: it reached {limit} bytes]\n".encode()
        self._writing = [threading.Lock() for _ in range(_LOCKS)]
        self._waiting: defaultdict[tuple[str, str], set[asyncio.Future[bool]]] = defaultdict(set)
        make_folder(folder)

    async def append(self, owner: tuple[str, str], path: str, offset: int, data: bytes) -> int:
        """Write `data` at `offset` and return the new size."""
        file = self._file(owner, path)
        size = await asyncio.to_thread(self._append, owner, file, offset, data)
        self._tell(owner, ended=False)
        return size

    async def read(
        self, owner: tuple[str, str], path: str, offset: int, *, limit: int, wait: float = 0
    ) -> bytes:
        """Return at most `limit` bytes from `offset`, waiting for the first of them."""
        file = self._file(owner, path)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        ended = False
        while True:
            # Waiting begins before looking: what is appended in between is told to us.
            told = loop.create_future()
            self._waiting[owner].add(told)
            try:
                data = await asyncio.to_thread(_read, file, offset, limit)
                left = deadline - loop.time()
                if data or ended or left <= 0:
                    return data
                async with asyncio.timeout(left):
                    ended = await told
            except TimeoutError:
                return b""
            finally:
                self._forget(owner, told)

    def wake(self, owner: tuple[str, str]) -> None:
        """End the waiting of readers of this owner."""
        self._tell(owner, ended=True)

    def wake_all(self) -> None:
        """End the waiting of every reader: the server stops."""
        for owner in list(self._waiting):
            self._tell(owner, ended=True)

    async def list(self, owner: tuple[str, str]) -> list[LogFile]:
        """Return the files of an owner by path."""
        return await asyncio.to_thread(_listed, self._folder_of(owner))

    async def remove(self, owner: tuple[str, str]) -> None:
        """Remove every file of an owner."""
        await asyncio.to_thread(shutil.rmtree, self._folder_of(owner), ignore_errors=True)

    def _folder_of(self, owner: tuple[str, str]) -> Path:
        for each in owner:
            if not _ID.fullmatch(each):
                raise InvalidError("InvalidOwner", f"{shown(each)} is not an id of ours.")
        return self._folder.joinpath(*owner)

    def _file(self, owner: tuple[str, str], path: str) -> Path:
        return self._folder_of(owner) / check_path(path)

    def _append(self, owner: tuple[str, str], file: Path, offset: int, data: bytes) -> int:
        with self._writing[hash(owner) % _LOCKS], room():
            try:
                make_folder(file.parent)
                descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise ConflictError(
                    "LogPathTaken", f"The path {shown(file.name)} is a folder, or in a file."
                ) from None
            try:
                return self._write(descriptor, offset, data)
            finally:
                os.close(descriptor)

    def _write(self, descriptor: int, offset: int, data: bytes) -> int:
        size = os.fstat(descriptor).st_size
        if size > self._limit:
            return offset + len(data)  # It was cut off: acknowledged, and dropped.
        if offset > size:
            raise ConflictError(
                "LogGap",
                f"There are {size} bytes, and none before byte {offset}.",
                target="offset",
                hint=f"Continue at byte {size}.",
            )
        fresh = data[size - offset :]
        kept = fresh[: self._limit - size]
        try:
            _write_all(descriptor, size, kept if len(kept) == len(fresh) else kept + self._cut)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        return max(size, offset + len(data))

    def _tell(self, owner: tuple[str, str], *, ended: bool) -> None:
        for told in self._waiting.get(owner, ()):
            if not told.done():
                told.set_result(ended)

    def _forget(self, owner: tuple[str, str], told: asyncio.Future[bool]) -> None:
        waiting = self._waiting[owner]
        waiting.discard(told)
        if not waiting:
            del self._waiting[owner]


def _listed(folder: Path) -> list[LogFile]:
    files = (file for file in folder.rglob("*") if file.is_file())
    found = (LogFile(f.relative_to(folder).as_posix(), f.stat().st_size) for f in files)
    return sorted(found, key=lambda file: file.path)


def _read(file: Path, offset: int, limit: int) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    try:
        return os.pread(descriptor, limit, offset)
    except IsADirectoryError:
        return b""
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
