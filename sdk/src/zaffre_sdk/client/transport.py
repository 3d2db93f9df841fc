"""Requests to one server: shapes in, shapes out, tried again while that can help."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Union
from urllib.parse import urlencode, urlsplit

import msgspec

from zaffre_sdk.client.pool import Pool
from zaffre_sdk.errors import (
    NotFoundError,
    ServerUnreachableError,
    ServiceError,
    UnavailableError,
    error_type,
)
from zaffre_sdk.home import read_server_file
from zaffre_sdk.wire.errors import ErrorOut

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

T = TypeVar("T")
P = TypeVar("P", bound="Page")
Query = Mapping[str, Union[str, int, float, None]]

_JSON = "application/json"
_PACKED = "application/vnd.msgpack"
_ANSWER_SECONDS = 60.0
# A server that never answered is looked for only shortly: the address is wrong more often than
# the server is slow. One that did answer is waited for while it restarts.
_STRANGER_PATIENCE = 2.0
_PATIENCE = 30.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 3.0
_LATER = frozenset({429, 502, 503, 504})


class Page(Protocol):
    """A page of a list."""

    @property
    def next(self) -> str | None:
        """What continues the list; None ends it."""


class Replayable(Protocol):
    """A body that can be sent more than once."""

    size: int

    def rewound(self) -> Any:
        """Return an object with `read`, at its beginning."""


@dataclass(frozen=True)
class Request:
    """What is asked of a server.

    Attributes:
        path: Below the address of the server, encoded.
        query: Values of None are left out.
        seconds: How long the server may take beyond what every answer takes.
        patience: How many seconds to try again; None leaves it to the transport.
    """

    method: str
    path: str
    query: Query = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Replayable | None = None
    seconds: float = 0.0
    patience: float | None = None


@dataclass(frozen=True)
class Answer:
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
    """

    def __init__(self, url: str, token: str, *, source: Path | None = None) -> None:
        """Make a transport; nothing is sent.

        Args:
            url: The address of the server.
            token: The bearer secret.
            source: The `server.json` of a local home: read again when the server is gone, since
                it may have come back on another port.
        """
        self.url = url.rstrip("/")
        self._token = token
        self._source = source
        self._pool = Pool()
        self._met = False

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
        self.exchange(Request("DELETE", path))

    def exchange(self, request: Request) -> Answer:
        """Send a request and return its whole answer."""
        return self.stream(request, _read_all)

    def stream(self, request: Request, use: Callable[[BaseHTTPResponse], T]) -> T:
        """Send a request and hand its answer to `use`, again from the start if it breaks."""
        trial = _Trial(request.patience)
        headers = self._headers(request)
        while True:
            failure = self._attempt(request, headers, trial, use)
            if not isinstance(failure, _Failure):
                return failure.value
            trial.pause_or_raise(failure, self)

    def read(self, answer: Answer, shape: type[T]) -> T:
        """Return the shape that an answer carries.

        Raises:
            ServiceError: `UnexpectedAnswer`: the server speaks another version.
        """
        packed = answer.headers.get("content-type", "").startswith(_PACKED)
        try:
            if packed:
                return msgspec.msgpack.decode(answer.data, type=shape)
            return msgspec.json.decode(answer.data, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServiceError(
                "UnexpectedAnswer",
                f"The server at {self.url} answered something that this client does not "
                f"understand ({error}). Install the versions of zaffre and zaffre-sdk that belong "
                "together.",
                status=answer.status,
            ) from error
