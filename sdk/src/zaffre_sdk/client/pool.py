"""Kept connections to one server: safe to share between threads, fresh after a fork."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_CONNECTIONS = 32
_CONNECT_SECONDS = 10.0
_BLOCK_BYTES = 256 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Readable(Protocol):
    """Bytes that are read piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, none at the end."""


class BrokenError(Exception):
    """No answer, or only a part of one.

    Attributes:
        absent: Whether nothing listened there at all.
        hopeless: Whether trying again cannot help.
    """

    def __init__(self, reason: str, *, absent: bool, hopeless: bool) -> None:
        super().__init__(reason)
        self.absent = absent
        self.hopeless = hopeless


class Pool:
    """Sends single requests and never tries twice; urllib3 is loaded with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._manager: PoolManager | None = None
        self._process = os.getpid()

    @contextlib.contextmanager
    def answer(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Readable | None,
        seconds: float,
    ) -> Iterator[BaseHTTPResponse]:
        """Send a request and give its answer, whose body is read inside the `with` block.

        Raises:
            BrokenError: Nothing answered, or the connection broke, inside the block too.
        """
        import urllib3  # noqa: PLC0415 (importing the client stays cheap)
        from urllib3 import exceptions  # noqa: PLC0415

        response: BaseHTTPResponse | None = None
        try:
            response = self._connections(url).request(
                method,
                url,
                headers=headers,
                body=cast("Any", body),  # any object with `read` will do
                preload_content=False,
                redirect=False,
                retries=False,
                decode_content=False,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds),
            )
            yield response
        except exceptions.HTTPError as error:
            raise BrokenError(
                _reason(error),
                absent=isinstance(error, (exceptions.NewConnectionError, exceptions.ProxyError)),
                hopeless=isinstance(error, (exceptions.SSLError, exceptions.LocationValueError)),
            ) from error
        finally:
            # Goes back to the pool if it was read to its end, and is closed if not.
            if response is not None:
                response.close()

    def _connections(self, url: str) -> PoolManager:
        # A child of a fork must not speak over its parent's sockets, nor trust its locks.
        if self._process != os.getpid():
            self._lock = threading.Lock()
            self._manager = None
            self._process = os.getpid()
        with self._lock:
            if self._manager is None:
                self._manager = _new_manager(url)
            return self._manager


def _new_manager(url: str) -> PoolManager:
    import urllib3  # noqa: PLC0415 (importing the client stays cheap)

    options: dict[str, Any] = {
        "num_pools": 4,
        "maxsize": _CONNECTIONS,
        "blocksize": _BLOCK_BYTES,
    }
    proxy = _proxy(url)
    if proxy is not None:
        return urllib3.ProxyManager(proxy, **options)
    return urllib3.PoolManager(**options)


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for this address; never one for loopback."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 (slow to load)

    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _LOOPBACK or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def _reason(error: Exception) -> str:
    """Return the innermost cause: the outer ones only repeat what was asked."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return str(cause) or type(cause).__name__
