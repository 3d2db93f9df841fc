"""What goes to an instance and back of the heads of requests and answers."""

from collections.abc import Iterable, Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Final

from zaffre.protocols.http.asgi import Scope

Headers = list[tuple[bytes, bytes]]
_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""For one connection alone (RFC 9110, 7.6.1)."""
# Who calls is settled here, and the program is told so by its own secret. What a browser says of
# the page that asks was looked at by the doors, and speaks of an address that is not the
# program's own.
_NOT_FORWARDED: Final = _HOP | {
    b"authorization",
    b"cookie",
    b"expect",
    b"forwarded",
    b"host",
    b"origin",
    b"referer",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
}
_NOT_ANSWERED: Final = _HOP | {b"date", b"server", b"set-cookie"}
_FRAMES: Final = b"frame-ancestors 'self'"
_DEFAULTS: Final = (
    # Notebooks show pages of their own instance within them.
    (b"x-frame-options", b"SAMEORIGIN"),
    # Forms need their Origin to be sent, which `no-referrer` hides.
    (b"referrer-policy", b"same-origin"),
    # The doors would add a policy under which no script works.
    (b"content-security-policy", _FRAMES),
)


def forwarded(scope: Scope, *, port: int, secret: str, ours: str) -> Headers:
    """Return the headers of a request as the program is to see them.

    Args:
        scope: The request.
        port: Where the program listens.
        secret: What opens it.
        ours: The name of the cookie that is for us alone.
    """
    named = _named_by_connection(scope["headers"])
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in _NOT_FORWARDED and name not in named
    ]
    headers.append((b"host", b"127.0.0.1:%d" % port))
    headers.append((b"authorization", b"token " + secret.encode()))
    cookies = "; ".join(_cookies(scope["headers"], ours))
    if cookies:
        headers.append((b"cookie", cookies.encode("latin-1")))
    return headers


def answered(headers: Iterable[tuple[bytes, bytes]], *, ours: str) -> Headers:
    """Return the headers of an answer as the browser is to see them."""
    came = [(name.lower(), value) for name, value in headers]
    named = _named_by_connection(came)
    kept = [(n, v) for n, v in came if n not in _NOT_ANSWERED and n not in named]
    kept += [(n, v) for n, v in came if n == b"set-cookie" and not _is_ours(v, ours)]
    names = {name for name, _ in kept}
    return [*kept, *(header for header in _DEFAULTS if header[0] not in names)]


def upgrade_head(target: bytes, headers: Headers) -> bytes:
    """Return the head of a request that asks for a web socket."""
    lines = [b"GET ", target, b" HTTP/1.1\r\n"]
    for name, value in (*headers, (b"connection", b"Upgrade"), (b"upgrade", b"websocket")):
        lines += [name, b": ", value, b"\r\n"]
    return b"".join([*lines, b"\r\n"])


def target_of(scope: Scope) -> bytes:
    """Return path and query as they were sent."""
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def cookie_header(scope: Scope) -> str:
    """Return the cookies of a request as one header."""
    found = [value for name, value in scope["headers"] if name == b"cookie"]
    return b"; ".join(found).decode("latin-1")


def _cookies(headers: Iterable[tuple[bytes, bytes]], ours: str) -> Iterator[str]:
    for name, value in headers:
        if name == b"cookie":
            for one in value.decode("latin-1").split(";"):
                if one.strip() and one.partition("=")[0].strip() != ours:
                    yield one.strip()


def _is_ours(value: bytes, ours: str) -> bool:
    """Tell whether an answer would set our cookie, or one that nobody can read."""
    try:
        return ours in SimpleCookie(value.decode("latin-1"))
    except CookieError:
        return True


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    return {
        name.strip().lower()
        for header, value in headers
        if header == b"connection"
        for name in value.split(b",")
    }
