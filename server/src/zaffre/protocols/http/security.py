"""The outermost wrapper: what no request gets past, whichever door it is for.

It refuses foreign hosts (DNS rebinding), foreign origins on methods that change things and on
connections that are taken over (CSRF), and malformed paths; it gives every answer its security
headers and a request id, and turns what nobody caught into an answer that tells nothing. No CORS
header is ever sent.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from zaffre.base.ids import IdSource
from zaffre.base.text import shown
from zaffre.domain.errors import ForbiddenError, InvalidError, ZaffreError
from zaffre.protocols.http.asgi import App, Message, Receive, Scope, Send
from zaffre.protocols.http.errors import InternalError, body_of, headers_of, record, status_of
from zaffre.protocols.http.tunnels import EXTENSION

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_HEADER_BYTES: Final = 32 << 10
_HOST: Final = re.compile(
    rb"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})))"
    rb"(?::[0-9]{1,5})?"
)
_SAME: Final = frozenset({b"same-origin", b"none"})
_CLIENT_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_CLIENT_ID_NAME: Final = b"x-ms-client-request-id"
_PLAIN_PATH: Final = re.compile(rb"[A-Za-z0-9/._-]*")
_MAX_KNOWN_HOSTS: Final = 64
_LOOKED_AT: Final = frozenset(
    {b"host", b"origin", b"sec-fetch-site", b"cookie", b"authorization", _CLIENT_ID_NAME}
)
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_NAMES: Final = frozenset({b"x-request-id", _CLIENT_ID_NAME, *(name for name, _ in _HEADERS)})


class HeadersError(ZaffreError):
    """More headers than anybody needs."""

    kind = "headers"


class Security:
    """Wraps every door.

    Args:
        hosts: Names besides those of loopback under which clients reach this server.
        origins: Origins of pages besides those served under the request's own host.
    """

    def __init__(
        self, app: App, *, hosts: Iterable[str], origins: Iterable[str], new_id: IdSource
    ) -> None:
        self._app = app
        self._hosts = LOOPBACK_NAMES | {host.lower() for host in hosts}
        self._origins = frozenset(origin.lower().encode() for origin in origins)
        self._new_id = new_id
        self._known_hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        request_id = self._new_id()
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        seen = _Seen(scope["headers"])
        answer = _Answer(send, _answer_headers(seen, request_id))
        try:
            self._check(scope, seen)
            await self._app(scope, receive, answer.send)
        except ZaffreError as error:
            await answer.fail(error, scope)
        except Exception as error:  # noqa: BLE001 (the last edge: nothing may leave it)
            defect = InternalError(request_id)
            defect.__cause__ = error
            await answer.fail(defect, scope)

    def _check(self, scope: Scope, seen: "_Seen") -> None:
        if seen.size > MAX_HEADER_BYTES:
            raise HeadersError(
                "HeadersTooLarge", f"The headers are larger than {MAX_HEADER_BYTES} bytes."
            )
        if seen.host_count != 1 or seen.host not in self._known_hosts:
            self._check_host(seen)
        # A page anywhere may open a web socket to us, which is no less than sending something.
        if scope["method"] not in SAFE_METHODS or EXTENSION in scope.get("extensions", ()):
            self._check_origin(seen, scheme=scope["scheme"].encode())
        _check_path(scope)

    def _check_host(self, seen: "_Seen") -> None:
        match = _HOST.fullmatch(seen.host) if seen.host_count == 1 else None
        if match is None:
            raise InvalidError("InvalidHost", "The Host header is malformed.", target="Host")
        name = (match["six"] or match["name"]).decode().lower()
        if name not in self._hosts:
            raise ForbiddenError(
                "HostNotAllowed",
                f"This server is not known as {shown(name)}.",
                target="Host",
                hint="Name it with `--public-url` or `ZAFFRE_ALLOWED_HOSTS` if it should be.",
            )
        # Only a few ways to write a known name are remembered, so that nobody fills the memory.
        if len(self._known_hosts) < _MAX_KNOWN_HOSTS:
            self._known_hosts.add(seen.host)

    def _check_origin(self, seen: "_Seen", *, scheme: bytes) -> None:
        origin = seen.origin
        if seen.fetch_site.lower() not in _SAME:
            raise _foreign(b"another site")
        if origin is None:
            if seen.has_cookie and not seen.has_authorization:
                raise _foreign(b"an unnamed site")
        elif (
            origin.lower() != b"%s://%s" % (scheme, seen.host.lower())
            and origin.lower() not in self._origins
        ):
            raise _foreign(origin)


class _Seen:
    """What there is to know of the headers of a request, gathered in one pass: all pay for it."""

    __slots__ = (
        "client_id",
        "fetch_site",
        "has_authorization",
        "has_cookie",
        "host",
        "host_count",
        "origin",
        "size",
    )

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.host = b""
        self.host_count = 0
        self.origin: bytes | None = None
        self.client_id: bytes | None = None
        self.fetch_site = b"none"
        self.has_cookie = self.has_authorization = False
        self.size = 0
        for name, value in headers:
            self.size += len(name) + len(value)
            if name in _LOOKED_AT:
                self._take(name, value)

    def _take(self, name: bytes, value: bytes) -> None:
        match name:
            case b"host":
                self.host = value
                self.host_count += 1
            case b"origin":
                self.origin = value
            case b"sec-fetch-site":
                self.fetch_site = value
            case b"cookie":
                self.has_cookie = True
            case b"authorization":
                self.has_authorization = True
            case _:
                self.client_id = value


async def refuse(error: ZaffreError, scope: Scope, send: Send) -> None:
    """Answer a request with an error, and note it in the log."""
    record(
        error,
        method=scope["method"],
        path=scope["path"],
        request_id=scope.get("state", {}).get("request_id", ""),
    )
    body = body_of(error)
    headers = [(name.encode(), value.encode()) for name, value in headers_of(error).items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL as browsers write them in Origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _Answer:
    """Adds the headers that every answer has, and knows whether it has begun."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self._begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            sent = list(message["headers"])
            names = {name.lower() for name, _ in sent}
            if names.isdisjoint(_NAMES):
                message["headers"] = sent + self._headers
            else:
                message["headers"] = sent + [h for h in self._headers if h[0] not in names]
        await self._send(message)

    async def fail(self, error: ZaffreError, scope: Scope) -> None:
        if not self._begun:
            await refuse(error, scope, self.send)
            return
        # Too late for a status. Returning early makes the server cut the connection before the
        # announced length, which no client takes for a whole answer.
        record(
            error,
            method=scope["method"],
            path=scope["path"],
            request_id=scope["state"]["request_id"],
        )


def _answer_headers(seen: _Seen, request_id: str) -> list[tuple[bytes, bytes]]:
    answer = [*_HEADERS, (b"x-request-id", request_id.encode())]
    if seen.client_id is not None and _CLIENT_ID.fullmatch(seen.client_id):
        answer.append((_CLIENT_ID_NAME, seen.client_id))
    return answer


def _check_path(scope: Scope) -> None:
    raw = scope.get("raw_path") or b""
    if _PLAIN_PATH.fullmatch(raw):
        return
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InvalidError("InvalidPath", "The path is not UTF-8, or has a NUL.", target="path")


def _foreign(origin: bytes) -> ForbiddenError:
    return ForbiddenError(
        "OriginNotAllowed",
        f"Pages of {shown(origin.decode('latin-1'))} may not send this.",
        target="Origin",
    )
