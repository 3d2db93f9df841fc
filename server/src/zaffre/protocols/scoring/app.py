"""The scoring door: authenticates, picks a replica, passes the request on, and answers.

Raw ASGI, since this is the one path on which microseconds count. It never looks into a body.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from zaffre_sdk.wire.errors import ErrorBody, ErrorOut

from zaffre.ports.replicas import Replica, ScoringAnswer
from zaffre.protocols.http.asgi import App, Receive, Scope, Send
from zaffre.services.scoring import LiveEndpoint, ScoringTable

PREFIX: Final = "/endpoints/"
MAX_BODY_BYTES: Final = 100 << 20
MAX_ARRIVING_BYTES: Final = 1 << 30
_BEARER: Final = b"bearer "
_JSON: Final = (b"content-type", b"application/json")
_TEXT: Final = (b"content-type", b"text/html; charset=utf-8")
_RETRY: Final = (b"retry-after", b"2")
_SCORE: Final = "score"
_SWAGGER: Final = "swagger.json"
_NO_BODY: Final = frozenset({204, 304})
_METHODS: Final = {_SCORE: ("GET", "POST", "OPTIONS"), _SWAGGER: ("GET",), "": ("GET", "HEAD")}


class TooLargeBody(Exception):  # noqa: N818 (not an error of this door: an answer)
    """A body over the limit."""


class IncompleteBody(Exception):  # noqa: N818 (nobody is left to be answered)
    """The client went away within its body."""


class CrowdedBodies(Exception):  # noqa: N818 (as above)
    """More large bodies at once than there is memory for."""


class Arriving:
    """How many bytes of bodies that come in parts are being gathered, of all requests.

    Args:
        limit: The most there may be.
    """

    def __init__(self, limit: int = MAX_ARRIVING_BYTES) -> None:
        self._limit = limit
        self.size = 0

    def add(self, size: int) -> None:
        """Take note of bytes; raises `CrowdedBodies`."""
        self.size += size
        if self.size > self._limit:
            raise CrowdedBodies


def create_scoring_app(
    table: ScoringTable, *, now: Callable[[], float], arriving: Arriving | None = None
) -> App:
    """Return the application behind `/endpoints/`.

    Args:
        table: What answers right now.
        now: The time in seconds since the epoch, for the expiry of tokens.
        arriving: Counts what is being received.
    """
    counted = arriving or Arriving()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        endpoint_id, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
        endpoint = table.find(endpoint_id)
        # An endpoint that is not there answers like one that this caller may not use.
        if endpoint is None or not endpoint.is_admitted(_credential(scope), now):
            answer = _UNAUTHENTICATED
        else:
            try:
                answer = await _answer(endpoint, rest, scope, _Body(scope, receive, counted))
            except TooLargeBody:
                answer = _TOO_LARGE
            except CrowdedBodies:
                answer = _CROWDED
            except IncompleteBody:
                return
        await _send(scope, send, answer)

    return app


async def _answer(endpoint: LiveEndpoint, rest: str, scope: Scope, body: "_Body") -> ScoringAnswer:
    methods = _METHODS.get(rest)
    if methods is None:
        return _NOT_FOUND
    if scope["method"] not in methods:
        return _refusal(
            405,
            "MethodNotAllowed",
            "Send POST to score.",
            (b"allow", ", ".join(methods).encode()),
        )
    replica = endpoint.least_busy()
    if replica is None:
        return _refusal(503, "NoHealthyReplica", f"Nothing answers: {endpoint.state}", _RETRY)
    if rest == _SCORE:
        return await _score(replica, scope, body)
    return ScoringAnswer(200, (_JSON,), replica.swagger) if rest == _SWAGGER else _HEALTHY


async def _score(replica: Replica, scope: Scope, body: "_Body") -> ScoringAnswer:
    query = scope["query_string"]
    path = f"/score?{query.decode('latin-1')}" if query else "/score"
    return await replica.score(scope["method"], path, scope["headers"], await body.read())


def _credential(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            is_bearer = value[:7].lower() == _BEARER
            return value[7:].strip().decode("latin-1") if is_bearer else None
    return None


class _Body:
    """The body of one request, read when it is known to be wanted."""

    __slots__ = ("_arriving", "_receive", "_scope")

    def __init__(self, scope: Scope, receive: Receive, arriving: Arriving) -> None:
        self._scope = scope
        self._receive = receive
        self._arriving = arriving

    async def read(self) -> bytes:
        """Return all of it.

        Raises:
            TooLargeBody: It is over the limit, or announced to be.
            CrowdedBodies: Too much arrives at once.
            IncompleteBody: The client went away.
        """
        message = await self._receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body", False):
            self._check_announced()
            return await self._gathered(body)
        if message["type"] == "http.disconnect":
            raise IncompleteBody
        if len(body) > MAX_BODY_BYTES:
            raise TooLargeBody
        return body

    def _check_announced(self) -> None:
        for name, value in self._scope["headers"]:
            if name == b"content-length" and int(value) > MAX_BODY_BYTES:
                raise TooLargeBody

    async def _gathered(self, first: bytes) -> bytes:
        chunks, size, more = [first], len(first), True
        try:
            self._arriving.add(size)
            while more:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise IncompleteBody
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                self._arriving.add(len(chunk))
                if size > MAX_BODY_BYTES:
                    raise TooLargeBody
                more = message.get("more_body", False)
            return b"".join(chunks)
        finally:
            self._arriving.size -= size


async def _send(scope: Scope, send: Send, answer: ScoringAnswer) -> None:
    # A body where none may be would be taken for the beginning of the next answer.
    is_empty = answer.status in _NO_BODY
    length = () if is_empty else ((b"content-length", b"%d" % len(answer.body)),)
    headers = [*answer.headers, *length]
    request_id = scope.get("state", {}).get("request_id")
    if request_id:
        headers.append((b"x-ms-request-id", request_id.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if is_empty or scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _refusal(status: int, code: str, message: str, *headers: tuple[bytes, bytes]) -> ScoringAnswer:
    body = msgspec.json.encode(ErrorOut(error=ErrorBody(code=code, message=message)))
    return ScoringAnswer(status, (_JSON, (b"x-ms-error-code", code.encode()), *headers), body)


_UNAUTHENTICATED: Final = _refusal(
    401,
    "Unauthenticated",
    "This needs the header `Authorization: Bearer <key or token>` with a key or token of the "
    "endpoint that is not out of date.",
    (b"www-authenticate", b"Bearer"),
)
_NOT_FOUND: Final = _refusal(
    404, "RouteNotFound", "An endpoint answers `/score` and `/swagger.json`."
)
_TOO_LARGE: Final = _refusal(
    413,
    "BodyTooLarge",
    f"The body is larger than {MAX_BODY_BYTES} bytes.",
    (b"connection", b"close"),
)
_CROWDED: Final = _refusal(
    429,
    "TooManyRequests",
    "Too many large requests arrive at once. Send fewer at once.",
    _RETRY,
    (b"connection", b"close"),
)
_HEALTHY: Final = ScoringAnswer(200, (_TEXT,), b"Healthy")
