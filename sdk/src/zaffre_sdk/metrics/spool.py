"""Batches that wait for the server, on disk.

`<writer>.spool` is a mark and then records: length and CRC-32 of the payload (little-endian, four
bytes each), payload. `<writer>.acked` says up to which offset the server has acknowledged; losing
it costs only sending again what the server then recognises. `<writer>.rejected` has records, too:
batches that the server will never take. `<writer>.lock` is locked while the writer lives.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from zaffre_sdk.locks import FileLock

MARK = b"zafspl1\n"
_HEAD = struct.Struct("<II")
_ACKED = struct.Struct("<QI")
_LARGEST_RECORD = 256 * 1024 * 1024
# An acknowledged spool is emptied when it is larger than this, so that long runs fill no disk.
_WORTH_EMPTYING = 8 * 1024 * 1024
# What a writer whose disk refuses may keep in memory: the program comes first.
_BYTES_IN_MEMORY = 64 * 1024 * 1024


class Record(NamedTuple):
    """A record as it was found; `payload` is None when its checksum does not fit."""

    payload: bytes | None
    end: int


class Spool:
    """A queue of batches: one thread appends, another one peeks and advances.

    Where the disk refuses, batches wait in memory behind those on disk.

    Attributes:
        appended: Batches put in.
        advanced: Batches taken out.
        lost: Batches dropped: neither disk nor memory had room, or the disk spoiled them.
        trouble: Why the disk was not used, if so.
    """

    def __init__(self, folder: Path, writer: str) -> None:
        self.appended = 0
        self.advanced = 0
        self.lost = 0
        self.trouble: OSError | None = None
        self.path = folder / f"{writer}.spool"
        self._lock = threading.Lock()
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._file: io.FileIO | None = None
        self._alive = FileLock(folder / f"{writer}.lock")
        self._acked = self._end = len(MARK)

    def open(self) -> None:
        """Make the file; where that fails, everything waits in memory."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._alive.acquire()
            file = io.FileIO(self.path, "x+")
            file.write(MARK)
            self._file = file
        except OSError as error:
            self.trouble = error
            self._alive.release()

    def append(self, payloads: Sequence[bytes]) -> None:
        """Put batches in; they are durable when this returns, unless the disk refused."""
        # One that is too long could not be told from rubbish when it is read again.
        short = [payload for payload in payloads if len(payload) <= _LARGEST_RECORD]
        with self._lock:
            self.lost += len(payloads) - len(short)
            self.appended += len(short)
            # Behind what waits in memory, or the order would be lost.
            if self._file is None or self._memory or not self._written(self._file, short):
                self._remember(short)

    def peek(self) -> bytes | None:
        """Return the oldest batch, or None when there is none."""
        with self._lock:
            while self._file is not None and self._acked < self._end:
                record = self._oldest(self._file)
                if record is not None and record.payload is not None:
                    return record.payload
                self._skip(record)
            return self._memory[0] if self._memory else None

    def advance(self) -> None:
        """Take the oldest batch out: the server has it."""
        with self._lock:
            self.advanced += 1
            if self._file is None or self._acked >= self._end:
                self._memory_bytes -= len(self._memory.popleft())
                return
            record = self._oldest(self._file)
            self._acked = record.end if record is not None else self._end
            if self._acked == self._end > _WORTH_EMPTYING:
                with contextlib.suppress(OSError):
                    self._file.truncate(len(MARK))
                    self._acked = self._end = len(MARK)
            write_acked(self.path, self._acked)

    def reject(self, payload: bytes) -> None:
        """Keep a batch aside that the server will never take."""
        with contextlib.suppress(OSError):
            write_rejected(self.path, payload)

    @property
    def is_on_disk(self) -> bool:
        """Whether what waits would outlive the program."""
        return self._file is not None and not self._memory

    def close(self) -> bool:
        """Close the files; they are removed when the server has everything. Tell whether."""
        empty = self.advanced == self.appended
        if self._file is not None:
            self._file.close()
            if empty:
                remove_spool(self.path)
            self._alive.release()
        return empty

    def abandon(self) -> None:
        """Close the files of a parent process after a fork, and leave all to the parent."""
        if self._file is not None:
            self._file.close()
            self._alive.abandon()

    def _oldest(self, file: io.FileIO) -> Record | None:
        try:
            return read_record(file, self._acked)
        except OSError as error:
            self.trouble = error
            return None

    def _skip(self, record: Record | None) -> None:
        """Give up what the disk gives back wrong: one record, or all that is on it."""
        in_file = self.appended - self.advanced - len(self._memory)
        given_up = in_file if record is None else 1
        self._acked = self._end if record is None else record.end
        self.lost += given_up
        self.advanced += given_up

    def _written(self, file: io.FileIO, payloads: Sequence[bytes]) -> bool:
        data = memoryview(b"".join(_record(payload) for payload in payloads))
        try:
            file.seek(self._end)
            left = data
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError as error:
            self.trouble = error
            # Half a record must not stand before the next one.
            with contextlib.suppress(OSError):
                file.truncate(self._end)
            return False
        self._end += len(data)
        return True

    def _remember(self, payloads: Sequence[bytes]) -> None:
        for payload in payloads:
            if self._memory_bytes + len(payload) > _BYTES_IN_MEMORY:
                self.lost += 1
                self.appended -= 1
            else:
                self._memory.append(payload)
                self._memory_bytes += len(payload)


def read_record(file: io.FileIO, offset: int) -> Record | None:
    """Return the record at an offset; None at the end and before a record that is not whole."""
    file.seek(offset)
    head = file.read(_HEAD.size)
    if head is None or len(head) < _HEAD.size:
        return None
    length, checksum = _HEAD.unpack(head)
    if length > _LARGEST_RECORD:
        return None
    payload = _read_exactly(file, length)
    if payload is None:
        return None
    whole = zlib.crc32(payload) == checksum
    return Record(payload if whole else None, offset + _HEAD.size + length)


def read_acked(path: Path) -> int:
    """Return up to which offset the server acknowledged the spool at `path`."""
    try:
        data = acked_path(path).read_bytes()
        offset, checksum = _ACKED.unpack(data)
    except (OSError, struct.error):
        return len(MARK)
    # Longer than the file: it was emptied, and the writer died before it could say so.
    if zlib.crc32(data[:8]) != checksum or offset > path.stat().st_size:
        return len(MARK)
    return int(offset)


def write_acked(path: Path, offset: int) -> None:
    """Remember up to which offset the server acknowledged the spool at `path`."""
    data = struct.pack("<Q", offset)
    # No fsync: what is sent twice, the server stores once.
    with contextlib.suppress(OSError):
        acked_path(path).write_bytes(data + struct.pack("<I", zlib.crc32(data)))


def write_rejected(path: Path, payload: bytes) -> None:
    """Keep a batch of the spool at `path` aside that the server will never take."""
    with rejected_path(path).open("ab") as file:
        file.write(_record(payload))


def acked_path(path: Path) -> Path:
    """Return where the acknowledged offset of a spool is kept."""
    return path.with_suffix(".acked")


def rejected_path(path: Path) -> Path:
    """Return where the batches of a spool are kept that the server will never take."""
    return path.with_suffix(".rejected")


def lock_path(path: Path) -> Path:
    """Return what the writer of a spool locks while it lives."""
    return path.with_suffix(".lock")


def remove_spool(path: Path) -> None:
    """Remove a spool of which nothing is left to send."""
    for file in (path, acked_path(path), lock_path(path)):
        file.unlink(missing_ok=True)


def _record(payload: bytes) -> bytes:
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def _read_exactly(file: io.FileIO, length: int) -> bytes | None:
    parts = []
    while length:
        part = file.read(length)
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
