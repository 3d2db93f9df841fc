"""The HTTP server under the doors: where it listens, and how it stops."""

import asyncio
import contextlib
import errno
import importlib.util
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

import uvicorn

from zaffre.protocols.http.asgi import App
from zaffre.protocols.http.patience import PatientProtocol
from zaffre.protocols.http.tunnels import Tunnel

BACKLOG: Final = 2048
DRAIN_SECONDS: Final = 15
_STOP_SECONDS: Final = 28.0
_FORCED_SECONDS: Final = 3.0
_KEEP_ALIVE_SECONDS: Final = 75
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class PortTakenError(Exception):
    """Another program listens there."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that accepts connections from this moment on.

    Args:
        host: An address of this machine.
        port: 0 for any that is free.

    Raises:
        PortTakenError: Another program has the port.
        OSError: This machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # At once: two sockets could be bound to a port as long as neither listens.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"Port {port} of {host} is taken by another program.") from None
        raise
    return listener


def config_of(app: App, *, drain_seconds: int, tunnels: bool = False) -> uvicorn.Config:
    """Return how every port is served.

    Args:
        app: What answers there.
        drain_seconds: How long requests may take to end when it stops.
        tunnels: Whether doors may take connections over, as those of web sockets are.
    """
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        lifespan="off",
        ws=Tunnel if tunnels else "none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=drain_seconds,
    )


class HttpServer(uvicorn.Server):
    """Serves until a signal asks it to stop: it drains then; a second signal cuts it short.

    Args:
        ready: Called once requests are answered.
        stopping: Called with the first signal, to end what waits.
    """

    def __init__(
        self, app: App, *, ready: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config_of(app, drain_seconds=DRAIN_SECONDS, tunnels=True))
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals on the loop; unlike the original, do not die by them in the end."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (the original's)
        """Stop; at the second time without waiting for anybody."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping()
        _end_after(_FORCED_SECONDS if self.force_exit else _STOP_SECONDS)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return the fastest event loop that this machine has."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = importlib.import_module("uvloop").new_event_loop()
    return loop


def _end_after(seconds: float) -> None:
    """End the process after a time, should a thread or a task refuse to.

    All that was acknowledged is on the disk, so that nothing is lost by it.
    """
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()
