"""Requests to one server: shapes in, shapes out, tried again while that can help."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeVar, Union
from urllib.parse import urlencode, urlsplit

import msgspec

from zaffre_sdk.connections import BrokenError, Incoming, Pool
from zaffre_sdk.errors import (
    NotFoundError,
    ServerUnreachableError,
    ServiceError,
    UnavailableError,
    error_type,
)
from zaffre_sdk.home import read_server_file
from zaffre_sdk.wire import decoding
from zaffre_sdk.wire.errors import ErrorOut

T = TypeVar("T")
P = TypeVar("P", bound="Page")
Query = Mapping[str, Union[str, int, float, None]]

_JSON = "application/json"
_PACKED = "application/vnd.msgpack"
_ANSWER_SECONDS = 60.0
_SLOW_DISK_BYTES = 10e6  # a second
# A server that never answered is looked for only shortly: the address is wrong more often than
# the server is slow. One that did answer is waited for while it restarts.
_STRANGER_PATIENCE = 2.0
_PATIENCE = 30.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 3.0
_LATER = frozenset({429, 502, 503, 504})
_FIRST_FAILURE = 300


class Page(Protocol):
    """A page of a list."""

    @property
    def next(self) -> str | None:
        """What continues the list; None ends it."""


class Replayable(Protocol):
    """A body that can be sent more than once."""

    @property
    def size(self) -> int:
        """Bytes."""

    def pieces(self) -> Iterable[bytes]:
        """Return the body from its beginning."""


class Request(msgspec.Struct, frozen=True):
    """What is asked of a server.

    Attributes:
        path: Below the address of the server, encoded.
        query: Values of None are left out.
        seconds: How long the server may take beyond what every answer takes.
        patience: How many seconds to try again; None leaves it to the transport.
    """

    method: str
    path: str
    query: Query = msgspec.field(default_factory=dict)
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes | Replayable | None = None
    seconds: float = 0.0
    patience: float | None = None


class Answer(msgspec.Struct, frozen=True):
    """An answer that was read to its end; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Transport:
    """Carries requests to a server over kept connections; safe across threads and forks.

    Every POST bears an idempotency key, the same on every try, so that each request may be
    repeated when a connection breaks or the server says that it is busy.

    Attributes:
        url: Where the server is now.
        token: What opens it.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        source: Path | None = None,
        patience: float | None = None,
    ) -> None:
        """Make a transport; nothing is sent.

        Args:
            url: The address of the server.
            token: The bearer secret.
            source: The `server.json` of a local home: read again when the server is gone, since
                it may have come back on another port.
            patience: How many seconds to try again while the server is away; None is half a
                minute, and less for a server that never answered.
        """
        self.url = url.rstrip("/")
        self.token = token
        self._given_patience = patience
        self._source = source
        self._pool = Pool(direct=source is not None)
        self._met = False

    @property
    def server_file(self) -> Path | None:
        """Where a local server writes its address; None when it is not one of this machine."""
        return self._source

    def call(  # noqa: PLR0913 (one place that knows every option, all but two by keyword)
        self,
        method: str,
        path: str,
        *,
        answer: type[T],
        body: msgspec.Struct | None = None,
        query: Query | None = None,
        packed: bool = False,
        seconds: float = 0.0,
        patience: float | None = None,
    ) -> T:
        """Send a shape, if any, and return the shape of the answer.

        Args:
            method: The verb.
            path: Below the address of the server.
            answer: The shape to read.
            body: The shape to send.
            query: Values of None are left out.
            packed: Speak MessagePack instead of JSON.
            seconds: How long the server may take beyond what every answer takes.
            patience: How many seconds to try again; None leaves it to the transport.

        Raises:
            ServiceError: The server refused; its subclass says why.
            ServerUnreachableError: Nothing answered.
        """
        kind = _PACKED if packed else _JSON
        headers = {"accept": kind}
        data = None
        if body is not None:
            headers["content-type"] = kind
            data = msgspec.msgpack.encode(body) if packed else msgspec.json.encode(body)
        request = Request(method, path, query or {}, headers, data, seconds, patience)
        return self.read(self.exchange(request), answer)

    def pages(
        self, path: str, *, answer: type[P], query: Query | None = None, packed: bool = False
    ) -> Iterator[P]:
        """Yield every page of a list."""
        asked = dict(query or {})
        while True:
            page = self.call("GET", path, answer=answer, query=asked, packed=packed)
            yield page
            if page.next is None:
                return
            asked["after"] = page.next

    def delete(self, path: str) -> None:
        """Delete a thing; that it is gone already is fine when an earlier try did it."""
        try:
            self.exchange(Request("DELETE", path))
        except NotFoundError as error:
            if error.tries == 1:
                raise

    def exchange(self, request: Request) -> Answer:
        """Send a request and return its whole answer."""
        return self.stream(request, _read_all)

    def stream(self, request: Request, use: Callable[[Incoming], T]) -> T:
        """Send a request and hand its answer to `use`, again from the start if it breaks."""
        patience = self._patience() if request.patience is None else request.patience
        trial = _Trial(patience)
        headers = self._headers(request)
        while True:
            try:
                return self._attempt(request, headers, use)
            except BrokenError as broken:  # noqa: PERF203 (a request costs far more)
                if broken.absent and self._moved():
                    continue
                if broken.hopeless or not trial.again():
                    raise _unreachable(self.url, broken, trial.count) from broken
            except _BusyError as busy:
                if not trial.again(busy.after):
                    raise _tired(busy.error, trial.count) from None
            except ServiceError as error:
                error.tries = trial.count
                raise

    def _attempt(
        self,
        request: Request,
        headers: Mapping[str, str],
        use: Callable[[Incoming], T],
    ) -> T:
        body = request.body
        with self._pool.answer(
            request.method,
            self._address(request),
            headers=headers,
            body=body if body is None or isinstance(body, bytes) else body.pieces(),
            seconds=_ANSWER_SECONDS + request.seconds + _storing_seconds(body),
        ) as response:
            self._met = True
            if response.status < _FIRST_FAILURE:
                return use(response)
            error = _failure(response)
            if response.status in _LATER:
                raise _BusyError(error, _retry_after(response))
            raise error

    def read(self, answer: Answer, shape: type[T]) -> T:
        """Return the shape that an answer carries.

        Raises:
            ServiceError: `UnexpectedAnswer`: the server speaks another version.
        """
        packed = answer.headers.get("content-type", "").startswith(_PACKED)
        try:
            if packed:
                return decoding.from_msgpack(answer.data, shape)
            return decoding.from_json(answer.data, shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServiceError(
                "UnexpectedAnswer",
                f"The server at {self.url} answered something that this client does not "
                f"understand ({error}). Install the versions of zaffre and zaffre-sdk that belong "
                "together.",
                status=answer.status,
            ) from error

    def _patience(self) -> float:
        if self._given_patience is not None:
            return self._given_patience
        return _PATIENCE if self._met or self._source is not None else _STRANGER_PATIENCE

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"authorization": f"Bearer {self.token}", "user-agent": "zaffre-sdk"}
        if request.method == "POST":
            headers["idempotency-key"] = os.urandom(16).hex()
        if request.body is not None and not isinstance(request.body, bytes):
            headers["content-length"] = str(request.body.size)
        if request.method == "PUT":
            headers["content-type"] = "application/octet-stream"
        headers.update(request.headers)
        return headers

    def _address(self, request: Request) -> str:
        query = {name: value for name, value in request.query.items() if value is not None}
        return f"{self.url}{request.path}" + (f"?{urlencode(query)}" if query else "")

    def _moved(self) -> bool:
        """Look whether the server of a local home came back elsewhere; go there if so."""
        info = read_server_file(self._source) if self._source is not None else None
        if info is None or info.url.rstrip("/") == self.url:
            return False
        self.url = info.url.rstrip("/")
        return True


class _BusyError(Exception):
    """The server asks to come back later."""

    def __init__(self, error: ServiceError, after: float) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


class _Trial:
    """Counts tries and waits between them, longer each time, until patience ends."""

    def __init__(self, patience: float) -> None:
        self.count = 1
        self._deadline = time.monotonic() + patience
        self._pause = _FIRST_PAUSE

    def again(self, at_least: float = 0.0) -> bool:
        """Wait and return True, or return False when there is no time left to wait."""
        left = self._deadline - time.monotonic()
        # Chance keeps clients that lost the same server from coming back all at once.
        pause = max(at_least, self._pause * (0.5 + os.urandom(1)[0] / 512))
        if left <= 0 or at_least > left:
            return False
        time.sleep(min(pause, left))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self.count += 1
        return True


def _storing_seconds(body: bytes | Replayable | None) -> float:
    """Return how long a server may take to bring a large body to its disk."""
    return 0.0 if body is None or isinstance(body, bytes) else body.size / _SLOW_DISK_BYTES


def _read_all(response: Incoming) -> Answer:
    return Answer(response.status, response.headers, response.read())


def _failure(response: Incoming) -> ServiceError:
    data = response.read()
    kind = error_type(response.status)
    request_id = response.headers.get("x-request-id", "")
    try:
        error = decoding.from_json(data, ErrorOut).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Not one of ours: a proxy between, or something else listens there.
        shown = data[:200].decode("utf-8", "replace").strip()
        text = f"The server answered {response.status}{': ' + shown if shown else ''}."
        return kind("UnexpectedAnswer", text, status=response.status, request_id=request_id)
    return kind(
        error.code,
        error.message,
        target=error.target,
        status=response.status,
        request_id=request_id,
        hint=str(error.innererror.get("hint", "")),
    )


def _retry_after(response: Incoming) -> float:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else 0.0


def _tired(error: ServiceError, count: int) -> ServiceError:
    return UnavailableError(
        error.code,
        f"{error.message} (after {count} {'attempt' if count == 1 else 'attempts'})",
        target=error.target,
        status=error.status,
        request_id=error.request_id,
        hint=error.hint,
    )


def _unreachable(url: str, broken: BrokenError, count: int) -> ServerUnreachableError:
    place = urlsplit(url).netloc.rpartition("@")[2]
    host, colon, port = place.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = place, "443" if url.startswith("https:") else "80"
    if broken.hopeless:
        fix = (
            "If it speaks plain HTTP, write http:// in ZAFFRE_URL; if its certificate comes from "
            "an authority of your own, name that authority's file in SSL_CERT_FILE."
        )
    else:
        fix = (
            "Start it there with `zaffre up`, or set ZAFFRE_URL and ZAFFRE_TOKEN to a server that "
            "runs."
        )
    return ServerUnreachableError(
        f"No server answers at {url} (host {host}, port {port}): {broken}, after "
        f"{count} {'attempt' if count == 1 else 'attempts'}. {fix}"
    )
