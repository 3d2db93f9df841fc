"""The line to the server: every request is repeated until the server has answered it.

It waits for its server as no other client does: through restarts, at whatever address the new one
has, for days.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, TypeVar

import msgspec

from zaffre_sdk.connections import BrokenError, Incoming, Pool
from zaffre_sdk.home import Home
from zaffre_sdk.locks import is_locked
from zaffre_sdk.runner.order import Order
from zaffre_sdk.wire import decoding

T = TypeVar("T")
_TIMEOUT_SECONDS = 30.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_SLOW_DISK_BYTES = 10e6  # a second
PATIENCE_SECONDS = 7 * 86400.0
"""How long a runner looks for its server before it ends the run by itself."""
_MAX_FAULTS = 100
"""How often a server may fail at the same request before that counts as a refusal."""
_CHUNK_BYTES = 1 << 18
_UNAUTHENTICATED = 401
_GONE = 410
_TOO_MANY = 429
_FAULT = 500
_STORAGE_FULL = 507
_REFUSED = 400
_OVER_CODES = frozenset(
    {"StaleAttempt", "AttemptStarted", "RunIsTerminal", "RunNotFound", "WorkspaceNotFound"}
)


class StoppedError(Exception):
    """The run no longer belongs to this runner: it was replaced, it ended, or it is gone."""


class RefusedError(Exception):
    """The server refuses a request for good.

    Attributes:
        status: The HTTP status; 0 when there was nothing to send any more.
        code: The name of the rule that was broken.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        body: Bytes, or a function that opens what is to be sent, for each try anew.
        once: Raise `BrokenError` instead of trying again.
    """

    method: str
    path: str
    body: bytes | Callable[[], Upload] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    once: bool = False


@dataclass(frozen=True)
class Upload:
    """A stream of a known length."""

    size: int
    read: Callable[[int], bytes]
    close: Callable[[], None]


class Link:
    """Sends requests from any thread.

    Attributes:
        url: Where the server is now.
        stopped: Set once the server, or its long absence, took the run away from this runner.
    """

    def __init__(self, order: Order) -> None:
        self.url = order.server_url.rstrip("/")
        self.stopped = threading.Event()
        self._token = order.token
        self._server_file = Path(order.server_file)
        self._pool = Pool(direct=True)
        self._heard = time.monotonic()

    def ask(self, method: str, path: str, body: object = None, *, answer: type[T]) -> T:
        """Send a shape and return the shape that is answered.

        Raises:
            StoppedError: The run is no longer this runner's.
            RefusedError: The server refuses, or answers something else.
        """
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        got = self.send(Request(method, path, data, headers))
        try:
            return decoding.from_json(got, answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RefusedError(0, "UnexpectedAnswer", f"{method} {path}: {error}") from error

    def send(self, request: Request) -> bytes:
        """Send until there is an answer, and return its body.

        Raises:
            StoppedError: The run is no longer this runner's.
            RefusedError: The server refuses the request.
            BrokenError: The server is out of reach, and the request is to be tried once.
        """
        return self.stream(request, Incoming.read)

    def stream(self, request: Request, use: Callable[[Incoming], T]) -> T:
        """Send until there is an answer, and return what `use` makes of it."""
        pause, faults = _FIRST_PAUSE, 0
        while True:
            if self.stopped.is_set():
                raise StoppedError
            try:
                return self._try(request, use)
            except BrokenError:
                if request.once:
                    raise
            except _FaultError as fault:
                faults += 1
                if request.once or faults == _MAX_FAULTS:
                    raise RefusedError(_FAULT, "ServerFault", str(fault)) from None
            self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stop(self, reason: str) -> None:
        """Give the run up; every request from now on raises `StoppedError`."""
        if not self.stopped.is_set():
            print(f"The runner stops: {reason}", file=sys.stderr, flush=True)  # noqa: T201 (its log)
            self.stopped.set()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._pool.close()

    def _try(self, request: Request, use: Callable[[Incoming], T]) -> T:
        headers = {"authorization": f"Bearer {self._token}", **request.headers}
        body, seconds = request.body, _TIMEOUT_SECONDS
        with contextlib.ExitStack() as opened:
            if callable(body):
                upload = opened.enter_context(_opened(body))
                headers["content-length"] = str(upload.size)
                seconds += upload.size / _SLOW_DISK_BYTES
                pieces: bytes | Iterator[bytes] | None = _chunks(upload)
            else:
                pieces = body
            incoming = opened.enter_context(
                self._pool.answer(
                    request.method,
                    self.url + request.path,
                    headers=headers,
                    body=pieces,
                    seconds=seconds,
                )
            )
            if incoming.status < _REFUSED:
                self._heard = time.monotonic()
                return use(incoming)
            raise self._failure(request, incoming)

    def _failure(self, request: Request, incoming: Incoming) -> Exception:
        code = incoming.headers.get("x-ms-error-code", "")
        said = f"{request.method} {request.path}: {incoming.status} {code}"
        if _is_passing(incoming.status):
            self._heard = time.monotonic()
            return _FaultError(said) if incoming.status == _FAULT else BrokenError(said)
        message = f"{said} {incoming.read()[:500]!r}"
        if self._is_stranger():
            return BrokenError(f"Another program answers where the server was: {message}")
        self._heard = time.monotonic()
        if incoming.status in {_UNAUTHENTICATED, _GONE} or code in _OVER_CODES:
            self.stop(message)
            return StoppedError()
        return RefusedError(incoming.status, code, message)

    def _is_stranger(self) -> bool:
        """Tell whether the server of this run does not run, so that it did not answer either.

        While it is away another one may listen at its port, and knows no run of ours.
        """
        lock = Home(self._server_file.parent).server_lock_path
        return lock.exists() and not is_locked(lock)

    def _pause(self, seconds: float) -> None:
        self.stopped.wait(seconds)
        if time.monotonic() - self._heard > PATIENCE_SECONDS:
            self.stop("the server was away for too long")
        self._find_server()

    def _find_server(self) -> None:
        """Take over the address of a server that was started anew."""
        try:
            url = json.loads(self._server_file.read_bytes())["url"]
        except (OSError, ValueError, KeyError):
            return  # Between two servers there is no such file, or half of one.
        self.url = str(url).rstrip("/")


class _FaultError(Exception):
    """The server failed at a request by a fault of its own."""


def _is_passing(status: int) -> bool:
    """Tell whether the same request may be answered otherwise in a moment."""
    return status == _TOO_MANY or (status >= _FAULT and status != _STORAGE_FULL)


@contextlib.contextmanager
def _opened(body: Callable[[], Upload]) -> Iterator[Upload]:
    try:
        upload = body()
    except OSError as error:
        raise RefusedError(0, "FileGone", str(error)) from error
    try:
        yield upload
    finally:
        upload.close()


def _chunks(upload: Upload) -> Iterator[bytes]:
    left = upload.size
    while left:
        try:
            chunk = upload.read(min(left, _CHUNK_BYTES))
        except OSError as error:
            raise RefusedError(0, "FileUnreadable", str(error)) from error
        if not chunk:
            raise RefusedError(0, "FileChanged", "It became shorter while it was sent.")
        left -= len(chunk)
        yield chunk
