"""The only place where adapters, services, engine and doors meet."""

import asyncio
import contextlib
import logging
import os
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
from zaffre_sdk.home import Home, ServerInfo
from zaffre_sdk.wire.server import ServerOut

from zaffre import __version__
from zaffre.adapters.blobs.local import LocalBlobs
from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.adapters.launchers.process import ProcessLauncher
from zaffre.adapters.sql import open_database
from zaffre.base.clock import system_clock
from zaffre.base.ids import new_id, new_secret
from zaffre.engine.runs.loop import RunLoop
from zaffre.engine.runs.parts import Parts, RunLimits, Stopwatches
from zaffre.engine.supervisor import Engine
from zaffre.engine.wakeup import EngineWakeup
from zaffre.protocols.http.asgi import App
from zaffre.protocols.http.authentication import Authenticator
from zaffre.protocols.http.changes import Changes
from zaffre.protocols.http.door import create_door
from zaffre.protocols.http.house import House
from zaffre.protocols.http.security import Security, origin_of
from zaffre.protocols.http.serving import HttpServer, PortTakenError, listen
from zaffre.protocols.native.router import create_router
from zaffre.services.beats import Beats
from zaffre.services.context import Context
from zaffre.services.tokens import digest_of
from zaffre.services.work import Work

logger = logging.getLogger(__name__)

DEFAULT_PORT: Final = 8642
_ENGINE_STOP_SECONDS: Final = 8.0
_ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 (told apart, not bound)


class StartError(Exception):
    """The server cannot start as it was asked to; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be chosen when a server starts.

    Attributes:
        port: None takes the usual one when it is free, and any other when it is not.
        public_url: Where clients reach the server, if not at its own address.
        allowed_hosts: Further names under which clients may ask for it.
        behind_proxy: Somebody else ends TLS in front of it; needed to leave loopback.
        local_slots: How many runs execute at once.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int | None = None
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    behind_proxy: bool = False
    local_slots: int = 4


async def serve(settings: Settings) -> None:
    """Serve one home until a signal ends it; the runs go on without the server.

    Raises:
        StartError: The home or the port is taken, or the address is not allowed.
    """
    _check_exposure(settings)
    home = Home(settings.home)
    async with contextlib.AsyncExitStack() as stack:
        lock = home.hold_server_lock()
        if lock is None:
            raise StartError(f"Another server runs in `{home.root}`; `zaffre status` shows it.")
        stack.callback(lock.release)
        listener = stack.enter_context(_listener(settings))
        _make_private(home)
        await _serve_on(listener, settings, home)


async def _serve_on(listener: socket.socket, settings: Settings, home: Home) -> None:
    host, port = listener.getsockname()[:2]
    local_url = _url("127.0.0.1" if host == "0.0.0.0" else "::1" if host == "::" else host, port)
    info = ServerInfo(
        url=local_url,
        pid=os.getpid(),
        create_time=psutil.Process().create_time(),
        instance=new_id(),
        version=__version__,
    )
    async with open_house(settings, info) as (app, changes):
        server = HttpServer(
            app, ready=lambda: home.write_server(info), stopping=changes.stop
        )
        logger.info("Serving %s from %s", local_url, home.root)
        try:
            await server.serve(sockets=[listener])
        finally:
            home.forget_server()
            logger.info("Stopped serving")


@contextlib.asynccontextmanager
async def open_house(settings: Settings, info: ServerInfo) -> AsyncIterator[tuple[App, Changes]]:
    """Open everything behind the doors, and close it in the end.

    Yields:
        The application, and what is to be stopped when the server begins to stop.
    """
    loop = asyncio.get_running_loop()
    home = Home(settings.home)
    clock = system_clock()
    changes, wakeup = Changes(loop), EngineWakeup(loop)
    forgetting = Forgetting()
    context = Context(
        clock=clock,
        new_id=new_id,
        new_secret=new_secret,
        wakeup=Everybody(wakeup, changes),
        tokens_removed=forgetting.run,
    )
    data = home.root / "data"
    async with contextlib.AsyncExitStack() as stack:
        transactions = await asyncio.to_thread(open_database, data / "zaffre.db")
        stack.push_async_callback(transactions.close)
        work = Work(transactions, context)
        ...


@dataclass(frozen=True, slots=True)
class Everybody:
    """Passes hints on to the engine and to requests that wait."""

    engine: EngineWakeup
    requests: Changes

    def hint(self, noun: str) -> None:
        """Tell both."""
        self.engine.hint(noun)
        self.requests.hint(noun)
