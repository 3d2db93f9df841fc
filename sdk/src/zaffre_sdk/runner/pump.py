"""What the user's process writes: into a file first, from there to the server."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import IO

from zaffre_sdk.runner.link import Link, RefusedError, Request, StoppedError
from zaffre_sdk.runner.order import Order
from zaffre_sdk.wire.artifacts import LogList

_READ_BYTES = 1 << 16
_SEND_BYTES = 1 << 19
_SEND_SECONDS = 0.1
_MAX_FILE_BYTES = 1 << 30
_TAIL_BYTES = 1 << 14
_FULL_SECONDS = 30.0
_FULL_PAUSE = 1.0
_STORAGE_FULL = 507
_LOST = b"\n[%d bytes of the log are missing here: there was no room on the disk.]\n"
_CUT = b"\n[The log is longer than 1 GiB; what follows was left out.]\n"


class LogPump:
    """Carries the output to the log of the run; a file in between holds what is not sent yet.

    The memory it needs is constant. Sending is idempotent by offset, so that an outage of the
    server costs nothing but time. Neither a full disk here nor one there holds the process up.
    """

    def __init__(self, link: Link, order: Order, *, log_path: str, file: Path) -> None:
        self._link = link
        self._url = f"{order.run_path}/logs"
        self._log_path = log_path
        self._path = file
        self._file = file.open("ab", buffering=0)
        self._size = file.stat().st_size
        self._sent = 0
        self._lost = 0
        self._closed = False
        self._close_by = float("inf")
        self._news = threading.Condition()
        self._reader: threading.Thread | None = None
        self._sender = threading.Thread(target=self._send_all, name="log-sender", daemon=True)
        self._sender.start()

    def read_from(self, source: IO[bytes]) -> None:
        """Begin to read the output of a process, until its last writer has closed it."""
        self._reader = threading.Thread(
            target=self._read_all, args=(source,), name="log-reader", daemon=True
        )
        self._reader.start()

    def write(self, data: bytes) -> None:
        """Add to the log; what is beyond its limit, or finds no room on the disk, is dropped."""
        with self._news:
            room = _MAX_FILE_BYTES - self._size
            if room <= 0:
                return
            if self._lost:
                data = _LOST % self._lost + data
            kept = data if len(data) <= room else data[:room] + _CUT
            written = self._write(kept)
            self._size += written
            # Half a line that says what is missing is said again as a whole.
            self._lost = 0 if written == len(kept) else self._lost + len(kept) - written
            self._news.notify()

    def _write(self, data: bytes) -> int:
        """Write as much as the disk takes; the process must not wait for room on it."""
        written = 0
        with contextlib.suppress(OSError):
            while written < len(data):
                written += self._file.write(data[written:])
        return written

    def finish_reading(self, *, seconds: float) -> None:
        """Wait until everything was read, for some time: a writer may be out of reach."""
        if self._reader is not None:
            self._reader.join(seconds)

    def finish(self) -> None:
        """Wait until everything was sent, however long the server is away.

        A server that has no room for it is waited for half a minute.
        """
        with self._news:
            self._closed = True
            self._close_by = time.monotonic() + _FULL_SECONDS
            self._news.notify()
        self._sender.join()
        self._file.close()

    def tail(self) -> str:
        """Return its end, some hundred lines of it."""
        with self._path.open("rb") as file:
            file.seek(max(self._size - _TAIL_BYTES, 0))
            return file.read().decode(errors="replace")

    def _read_all(self, source: IO[bytes]) -> None:
        while data := os.read(source.fileno(), _READ_BYTES):
            self.write(data)
        source.close()

    def _send_all(self) -> None:
        try:
            with self._path.open("rb") as file:
                while self._wait_for_news():
                    self._send_some(file)
        except StoppedError:
            return
        except (RefusedError, OSError) as error:
            print(f"The log is not sent any more: {error}", file=sys.stderr, flush=True)  # noqa: T201 (the runner's log)

    def _wait_for_news(self) -> bool:
        with self._news:
            self._news.wait_for(lambda: self._closed or self._sent < self._size)
            return self._sent < self._size

    def _send_some(self, file: IO[bytes]) -> None:
        began = time.monotonic()
        file.seek(self._sent)
        data = file.read(_SEND_BYTES)
        path = f"{self._url}/{self._log_path}?offset={self._sent}"
        headers = {"content-type": "application/octet-stream"}
        try:
            self._link.send(Request("PUT", path, data, headers))
            self._sent += len(data)
        except RefusedError as error:
            self._sent = self._continue_at(error)
        if len(data) < _SEND_BYTES:
            # The first line leaves at once; what follows it closely travels together.
            with self._news:
                rest = _SEND_SECONDS - (time.monotonic() - began)
                self._news.wait_for(lambda: self._closed, max(rest, 0))

    def _continue_at(self, error: RefusedError) -> int:
        """Return where to go on after a refusal; raise it when there is nothing to go on with."""
        if error.code == "LogGap":
            size = self._size_there()
            if size < self._sent:
                return size
        elif error.status == _STORAGE_FULL and time.monotonic() < self._close_by:
            self._link.stopped.wait(_FULL_PAUSE)
            return self._sent
        raise error

    def _size_there(self) -> int:
        logs = self._link.ask("GET", self._url, answer=LogList)
        return next((log.size for log in logs.value if log.path == self._log_path), 0)
