"""Kept connections to one server: safe to share between threads, fresh after a fork.

It stands on `http.client` alone: whoever submits or runs a script pays for what is loaded here.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPConnection, HTTPResponse

_KEPT = 32
_CONNECT_SECONDS = 10.0
_BLOCK_BYTES = 256 * 1024
_SCHEMES = frozenset({"http", "https"})
_LOCAL_NAMES = frozenset({"localhost", "ip6-localhost"})


class BrokenError(Exception):
    """No answer, or only a part of one.

    Attributes:
        absent: Whether nothing listened there at all.
        hopeless: Whether trying again cannot help.
    """

    def __init__(self, reason: str, *, absent: bool = False, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.absent = absent
        self.hopeless = hopeless


class Incoming:
    """An answer that arrives.

    Attributes:
        status: The status.
        headers: The headers; their names are in lower case.
    """

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self._response = response

    def read(self) -> bytes:
        """Return the whole body.

        Raises:
            BrokenError: It was cut off.
        """
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the body piece by piece.

        Raises:
            BrokenError: It was cut off.
        """
        from http.client import IncompleteRead  # noqa: PLC0415 (slow to load)

        while True:
            with _broken():
                try:
                    chunk = self._response.read(_BLOCK_BYTES)
                except IncompleteRead as error:
                    # What came of the last piece may say why there is no more.
                    yield error.partial
                    raise
            if not chunk:
                break
            yield chunk
        # Asked for a number of bytes, http.client does not mind when there are fewer.
        if self._response.length:
            raise BrokenError(f"The answer broke off {self._response.length} bytes too early.")

    def is_complete(self) -> bool:
        """Tell whether it was read to its end, and the server keeps the connection open."""
        if self._response.length == 0:
            self._response.read()
        return self._response.isclosed() and not self._response.will_close


class Pool:
    """Sends single requests and never tries twice.

    Bodies of files are given as pieces, of which nothing is kept; what the source of the pieces
    raises is raised as it is.
    """

    def __init__(self, *, direct: bool = False) -> None:
        """Make a pool; nothing is sent.

        Args:
            direct: Heed no proxy: the server is on this machine, whatever its name is.
        """
        self._direct = direct
        self._lock = threading.Lock()
        self._idle: list[tuple[_Place, HTTPConnection]] = []
        self._process = os.getpid()
        self._trust: ssl.SSLContext | None = None
        weakref.finalize(self, _close_all, self._idle)

    @contextlib.contextmanager
    def answer(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None,
        seconds: float,
    ) -> Iterator[Incoming]:
        """Send a request and give its answer, whose body is read inside the `with` block.

        Raises:
            BrokenError: Nothing answered, or the connection broke, inside the block too.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise BrokenError("this is no http:// or https:// address", hopeless=True)
        place = _place(parts, direct=self._direct)
        connection = self._taken(place, seconds=seconds)
        keep = False
        try:
            target = _target(parts)
            if place.is_forwarded:
                target, headers = url, {**headers, **dict(place.credentials)}
            with _broken():
                _open_request(connection, method, target, headers, body)
            whole = _send_pieces(connection, body)
            with _broken():
                response = connection.getresponse()
            incoming = Incoming(response)
            yield incoming
            keep = whole and incoming.is_complete()
        finally:
            if keep:
                self._keep(place, connection)
            else:
                connection.close()

    def close(self) -> None:
        """Close what is not in use."""
        with self._lock:
            _close_all(self._idle)

    def _taken(self, place: _Place, *, seconds: float) -> HTTPConnection:
        connection = self._kept(place)
        if connection is None:
            connection = self._new(place)
            with _broken(connecting=True):
                connection.connect()
        connection.timeout = seconds
        connection.sock.settimeout(seconds)
        return connection

    def _kept(self, place: _Place) -> HTTPConnection | None:
        # A child of a fork must not speak over its parent's sockets, nor trust its locks.
        if self._process != os.getpid():
            self._lock = threading.Lock()
            _close_all(self._idle)
            self._process = os.getpid()
        with self._lock:
            while self._idle:
                where, connection = self._idle.pop()
                if where == place and not _is_dropped(connection):
                    return connection
                connection.close()
        return None

    def _keep(self, place: _Place, connection: HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < _KEPT and self._process == os.getpid():
                self._idle.append((place, connection))
                return
        connection.close()

    def _new(self, place: _Place) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 (slow to load)

        host, port = place.proxy or (place.host, place.port)
        if not place.is_secure:
            return HTTPConnection(host, port, timeout=_CONNECT_SECONDS)
        if self._trust is None:
            from ssl import create_default_context  # noqa: PLC0415 (slow to load)

            self._trust = create_default_context()
        connection = HTTPSConnection(host, port, timeout=_CONNECT_SECONDS, context=self._trust)
        if place.proxy is not None:
            connection.set_tunnel(place.host, place.port, headers=dict(place.credentials))
        return connection


class _Place(NamedTuple):
    """Where a connection leads."""

    host: str
    port: int
    is_secure: bool
    proxy: tuple[str, int] | None = None
    credentials: tuple[tuple[str, str], ...] = ()

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy reads the requests, instead of passing bytes on."""
        return self.proxy is not None and not self.is_secure


def _place(parts: SplitResult, *, direct: bool) -> _Place:
    host = parts.hostname or ""
    is_secure = parts.scheme == "https"
    try:
        place = _Place(host, parts.port or (443 if is_secure else 80), is_secure)
        proxy = None if direct or is_loopback(host) else _proxy(parts.scheme, host)
        if proxy is None:
            return place
        found = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return place._replace(
            proxy=(found.hostname or "", found.port or 80), credentials=_credentials(found)
        )
    except ValueError as error:
        raise BrokenError(str(error), hopeless=True) from error


def is_loopback(host: str) -> bool:
    """Tell whether an address is that of this machine alone."""
    from ipaddress import ip_address  # noqa: PLC0415 (slow to load)

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in _LOCAL_NAMES or host.endswith(".localhost")


def listens(url: str) -> bool:
    """Tell whether anything listens at an address of this machine; takes no time."""
    import socket  # noqa: PLC0415 (slow to load)

    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def _proxy(scheme: str, host: str) -> str | None:
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 (slow to load)

    return None if proxy_bypass(host) else getproxies().get(scheme)


def _credentials(proxy: SplitResult) -> tuple[tuple[str, str], ...]:
    from base64 import b64encode  # noqa: PLC0415 (rarely needed)
    from urllib.parse import unquote  # noqa: PLC0415

    if proxy.username is None:
        return ()
    secret = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return (("proxy-authorization", f"Basic {b64encode(secret.encode()).decode()}"),)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _open_request(
    connection: HTTPConnection,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | Iterable[bytes] | None,
) -> None:
    connection.putrequest(method, target)
    for name, value in headers.items():
        connection.putheader(name, value)
    if isinstance(body, bytes):
        connection.putheader("content-length", str(len(body)))
    elif body is None and method != "GET":
        connection.putheader("content-length", "0")
    connection.endheaders(body if isinstance(body, bytes) else None)


def _send_pieces(connection: HTTPConnection, body: bytes | Iterable[bytes] | None) -> bool:
    """Send the pieces of a body; tell whether the server took all of them."""
    if body is None or isinstance(body, bytes):
        return True
    for piece in body:
        try:
            connection.send(piece)
        except OSError:  # noqa: PERF203 (what the pieces themselves raise is not caught)
            # A server that refuses need not hear it all, and its answer says why.
            return False
    return True


@contextlib.contextmanager
def _broken(*, connecting: bool = False) -> Iterator[None]:
    from http.client import HTTPException  # noqa: PLC0415 (slow to load)

    try:
        yield
    except (OSError, HTTPException) as error:
        hopeless = connecting and _is_distrust(error)
        raise BrokenError(
            str(error) or type(error).__name__,
            absent=connecting and not hopeless and not isinstance(error, TimeoutError),
            hopeless=hopeless,
        ) from error


def _is_distrust(error: Exception) -> bool:
    """Tell whether TLS failed for good, and not because the server left in the middle of it."""
    from ssl import SSLEOFError, SSLError, SSLZeroReturnError  # noqa: PLC0415 (slow to load)

    return isinstance(error, SSLError) and not isinstance(error, (SSLEOFError, SSLZeroReturnError))


def _is_dropped(connection: HTTPConnection) -> bool:
    """Tell whether the server closed a connection that nobody used."""
    import select  # noqa: PLC0415 (rarely needed)

    if connection.sock is None:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([connection.sock], [], [], 0)[0])


def _close_all(idle: list[tuple[_Place, HTTPConnection]]) -> None:
    while idle:
        idle.pop()[1].close()
