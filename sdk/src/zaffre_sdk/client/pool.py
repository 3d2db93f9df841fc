"""Kept connections to one server: safe to share between threads, fresh after a fork."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_CONNECTIONS = 32
_CONNECT_SECONDS = 10.0
_BLOCK_BYTES = 256 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Pool:
    """Sends single requests and never tries twice; urllib3 is loaded with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._manager: PoolManager | None = None
        self._process = os.getpid()

    def send(
        self, method: str, url: str, *, headers: dict[str, str], body: Any, seconds: float
    ) -> BaseHTTPResponse:
        """Send a request and return its answer with the body still to be read.

        Raises:
            urllib3.exceptions.HTTPError: Nothing answered, or the connection broke.
        """
        import urllib3  # noqa: PLC0415 (importing the client stays cheap)

        return self._connections(url).request(
            method,
            url,
            headers=headers,
            body=body,
            preload_content=False,
            redirect=False,
            retries=False,
            decode_content=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds),
        )

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
