"""The line to the server: every request is repeated until the server has answered it.

It stands on `http.client` alone, because a runner must be up in a moment, and because it waits for
its server as no other client does: through restarts, at whatever address the new one has.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Callable, TypeVar
from urllib.parse import urlsplit

import msgspec

from zaffre_sdk.runner.order import Order

T = TypeVar("T")
_TIMEOUT_SECONDS = 30.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_PATIENCE_SECONDS = 7 * 86400.0
"""How long a runner looks for its server before it ends the run by itself."""
_CHUNK_BYTES = 1 << 20
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
        once: Raise `OSError` instead of trying again.
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
    """Sends requests from any thread; each thread has a connection of its own.

    Attributes:
        url: Where the server is now.
        stopped: Set once the server, or its long absence, took the run away from this runner.
    """

    def __init__(self, order: Order) -> None:
        self.url = order.server_url.rstrip("/")
        self.stopped = threading.Event()
        self._token = order.token
        self._server_file = Path(order.server_file)
        self._local = threading.local()
        self._connections: set[HTTPConnection] = set()
        self._heard = time.monotonic()

    def ask(self, method: str, path: str, body: object = None, *, answer: type[T]) -> T:
        """Send a shape and return the shape that is answered."""
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        got = self.send(Request(method, path, data, headers))
        return msgspec.json.decode(got, type=answer)

    def send(self, request: Request) -> bytes:
        """Send until there is an answer, and return its body.

        Raises:
            StoppedError: The run is no longer this runner's.
            RefusedError: The server refuses the request.
            OSError: The server is out of reach, and the request is to be tried once.
        """
        return self.stream(request, lambda response: response.read())

    def stream(self, request: Request, use: Callable[[HTTPResponse], T]) -> T:
        """Send until there is an answer, and return what `use` makes of it."""
        pause = _FIRST_PAUSE
        while True:
            if self.stopped.is_set():
                raise StoppedError
            try:
                return self._try(request, use)
            except (OSError, HTTPException) as error:
                self._drop()
                if request.once:
                    raise OSError(str(error)) from error
            self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stop(self, reason: str) -> None:
        """Give the run up; every request from now on raises `StoppedError`."""
        if not self.stopped.is_set():
            print(f"The runner stops: {reason}", file=sys.stderr, flush=True)  # noqa: T201 (its log)
            self.stopped.set()

    def close(self) -> None:
        """Close the connections of all threads; none of them may be sending."""
        for connection in self._connections:
            connection.close()

    def _try(self, request: Request, use: Callable[[HTTPResponse], T]) -> T:
        response = self._request(request)
        self._heard = time.monotonic()
        if response.status < _REFUSED:
            return use(response)
        body = response.read()
        if _is_passing(response.status):
            raise OSError(f"{request.method} {request.path}: {response.status}")
        code = response.headers.get("x-ms-error-code", "")
        over = response.status in {_UNAUTHENTICATED, _GONE} or code in _OVER_CODES
        message = f"{request.method} {request.path}: {response.status} {code} {body[:500]!r}"
        if over:
            self.stop(message)
            raise StoppedError
        raise RefusedError(response.status, code, message)

    def _request(self, request: Request) -> HTTPResponse:
        connection = self._connection()
        headers = {"authorization": f"Bearer {self._token}", **request.headers}
        if not callable(request.body):
            connection.request(request.method, request.path, request.body, headers)
            return connection.getresponse()
        try:
            upload = request.body()
        except OSError as error:
            raise RefusedError(0, "FileGone", str(error)) from error
        try:
            headers["content-length"] = str(upload.size)
            connection.request(request.method, request.path, _chunks(upload), headers)
        finally:
            upload.close()
        return connection.getresponse()

    def _connection(self) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            parts = urlsplit(self.url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            connection = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
            self._local.connection = connection
            self._connections.add(connection)
        return connection

    def _drop(self) -> None:
        connection: HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._connections.discard(connection)
            self._local.connection = None

    def _pause(self, seconds: float) -> None:
        self.stopped.wait(seconds)
        if time.monotonic() - self._heard > _PATIENCE_SECONDS:
            self.stop("the server was away for too long")
        self._find_server()

    def _find_server(self) -> None:
        """Take over the address of a server that was started anew."""
        try:
            url = json.loads(self._server_file.read_bytes())["url"]
        except (OSError, ValueError, KeyError):
            return  # Between two servers there is no such file, or half of one.
        self.url = str(url).rstrip("/")


def _is_passing(status: int) -> bool:
    """Tell whether the same request may be answered otherwise in a moment."""
    return status == _TOO_MANY or (status >= _FAULT and status != _STORAGE_FULL)


def _chunks(upload: Upload) -> Iterator[bytes]:
    left = upload.size
    while left:
        chunk = upload.read(min(left, _CHUNK_BYTES))
        if not chunk:
            raise OSError("The file became shorter while it was sent.")
        left -= len(chunk)
        yield chunk
