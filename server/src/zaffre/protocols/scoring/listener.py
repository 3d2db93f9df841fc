"""Ports of their own on loopback for local web services."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn

from zaffre.protocols.http.asgi import App, Receive, Scope, Send
from zaffre.protocols.http.ports import bind_loopback
from zaffre.protocols.http.serving import config_of
from zaffre.protocols.scoring.app import PREFIX

_CLOSE_SECONDS: Final = 2


class LoopbackListener:
    """One open port; implements `ports.listeners.Listener`."""

    def __init__(self, app: App, listening: socket.socket) -> None:
        self._port: int = listening.getsockname()[1]
        self._socket = listening
        self._server = _QuietServer(config_of(app, drain_seconds=_CLOSE_SECONDS))
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    async def close(self) -> None:
        """Stop listening and end what is connected."""
        self._server.should_exit = True
        await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()


class LoopbackListeners:
    """Opens ports; implements `ports.listeners.Listeners`.

    Args:
        app: The scoring door.
        wrap: Puts around it what every door of the server has around it.
    """

    def __init__(self, app: App, *, wrap: Callable[[App], App]) -> None:
        self._app = app
        self._wrap = wrap

    async def open(self, endpoint_id: str, port: int | None) -> LoopbackListener:
        """Listen on loopback for that endpoint."""
        return LoopbackListener(self._wrap(self._only(endpoint_id)), bind_loopback(port or 0))

    def _only(self, endpoint_id: str) -> App:
        """Return the door of one endpoint, with paths that begin behind its name."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            inner = {**scope, "path": f"{PREFIX}{endpoint_id}{scope['path']}"}
            await self._app(inner, receive, send)

        return app


class _QuietServer(uvicorn.Server):
    """A server that leaves the signals of the process to the one that owns them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
