"""The only place where adapters, services, engine and doors meet."""

import asyncio
import contextlib
import gc
import logging
import os
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from zaffre_sdk.home import Home, ServerInfo
from zaffre_sdk.wire.server import ServerOut

from zaffre import __version__
from zaffre.adapters.blobs.local import LocalBlobs
from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.adapters.datafiles.choice import ChosenFiles
from zaffre.adapters.launchers.process import ProcessLauncher
from zaffre.adapters.queries.choice import ChosenQueries
from zaffre.adapters.sql.database import open_database
from zaffre.adapters.vaults.aes import AesVault
from zaffre.assembly import check_of, engine_of, pruner_of, secured, shelf_of
from zaffre.base.clock import Clock, system_clock
from zaffre.base.ids import new_id, new_secret
from zaffre.base.paging import paging_key
from zaffre.engine.supervisor import Engine
from zaffre.engine.wakeup import EngineWakeup
from zaffre.protocols.http.asgi import App, Receive, Scope, Send
from zaffre.protocols.http.authentication import Authenticator
from zaffre.protocols.http.changes import Changes
from zaffre.protocols.http.door import create_door
from zaffre.protocols.http.house import House
from zaffre.protocols.http.security import LOOPBACK_NAMES
from zaffre.protocols.http.serving import HttpServer, PortTakenError, listen
from zaffre.protocols.instances.door import InstanceDoor
from zaffre.protocols.mlflow.door import create_mlflow_app
from zaffre.protocols.native.router import create_router
from zaffre.protocols.scoring.app import create_scoring_app
from zaffre.protocols.studio.app import create_studio
from zaffre.protocols.studio.sessions import Sessions
from zaffre.services.beats import Beats
from zaffre.services.context import Context
from zaffre.services.data_access import DataAccess
from zaffre.services.eraser import Eraser
from zaffre.services.instances import InstanceTable
from zaffre.services.keeper import BlobKeeper
from zaffre.services.programs import Programs
from zaffre.services.scoring import ScoringTable
from zaffre.services.tokens import digest_of
from zaffre.services.work import Work
from zaffre.settings import ANY_ADDRESS, Settings

logger = logging.getLogger(__name__)

DEFAULT_PORT: Final = 8642
_ENGINE_STOP_SECONDS: Final = 8.0
# Beside the addresses of workspaces those that MLflow's own server has at its root.
_MLFLOW_PATHS: Final = (
    "",
    *("mlflow", "ajax-api", "api/2.0", "api/3.0", "v1", "version", "health"),
    *("get-artifact", "model-versions"),
)


class StartError(Exception):
    """The server cannot start as it was asked to; the message says why."""


async def serve(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve one home until a signal ends it; the runs go on without the server.

    Args:
        settings: What was chosen.
        announce: Told the address once requests are answered there.

    Raises:
        StartError: The home or the port is taken, or the address is not allowed.
    """
    _check_exposure(settings)
    _check_roots(settings)
    home = Home(settings.home)
    lock = home.hold_server_lock()
    if lock is None:
        raise StartError(f"Another server runs in `{home.root}`; `zaffre status` shows it.")
    try:
        with _listener(settings) as listener:
            await _serve_on(listener, settings, announce)
    finally:
        lock.release()


async def _serve_on(
    listener: socket.socket, settings: Settings, announce: Callable[[str], None]
) -> None:
    home = Home(settings.home)
    info = ServerInfo(
        url=_local_url(listener),
        pid=os.getpid(),
        create_time=psutil.Process().create_time(),
        instance=new_id(),
        version=__version__,
    )

    def ready() -> None:
        # What was imported stays: looking through it again and again costs requests time.
        gc.collect()
        gc.freeze()
        home.write_server(info)
        logger.info("Serving at %s from %s", info.url, home.root)
        announce(info.url)

    async with open_house(settings, info) as (app, changes):
        server = HttpServer(app, ready=ready, stopping=changes.stop)
        try:
            await server.serve(sockets=[listener])
        finally:
            home.forget_server()
            logger.info("Stopped serving; runs go on")


@contextlib.asynccontextmanager
async def open_house(settings: Settings, info: ServerInfo) -> AsyncIterator[tuple[App, Changes]]:
    """Open everything behind the doors, and close it in the end.

    Yields:
        The application, and what is to be told when the server begins to stop.
    """
    loop = asyncio.get_running_loop()
    home, clock, forgetting = Home(settings.home), system_clock(), _Forgetting()
    data = home.root / "data"
    changes, wakeup = Changes(loop), EngineWakeup(loop)
    hints = _Both(wakeup, changes)
    context = _context(settings, home, clock=clock, hints=hints, forgetting=forgetting)
    transactions = await asyncio.to_thread(open_database, data / "zaffre.db")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(transactions.close)
        work = Work(transactions, context)
        logs = LocalLogs(data / "logs")
        blobs = await stack.enter_async_context(_blobs(data, work))
        data_files = ChosenFiles(home.root / "datastores", settings.data_roots)
        changes.at_stop(logs.wake_all)
        secret = home.ensure_token()
        house = House(
            work=work,
            blobs=blobs,
            logs=logs,
            data_files=data_files,
            data_access=DataAccess(work, data_files),
            queries=ChosenQueries(),
            eraser=Eraser(
                work,
                blobs,
                logs,
                remove_folder=ProcessLauncher(settings.home).forget,
                remove_files=data_files.remove_workspace,
            ),
            pruner=pruner_of(settings, work, logs, blobs),
            beats=Beats(clock.monotonic),
            programs=Programs(clock.monotonic),
            changes=changes,
            clock=clock,
            server=_described(info, home),
            url=settings.public_url or info.url,
            parcels=shelf_of(settings).find,
            is_behind_proxy=settings.behind_proxy,
            paging_key=paging_key(secret),
        )
        authenticator = Authenticator(work, digest_of(secret))
        forgetting.authenticator = authenticator
        table = ScoringTable()
        scoring = create_scoring_app(table, now=lambda: clock.now().timestamp())
        instances = InstanceTable()
        engine = engine_of(
            house, wakeup, settings, info=info, serving=(table, scoring), instances=instances
        )
        await engine.start()
        stack.push_async_callback(_stop, engine)
        sessions = Sessions(clock)
        jupyter = InstanceDoor(instances, authenticator, sessions, url=house.url)
        stack.push_async_callback(jupyter.close)
        raw: dict[str, App] = {"endpoints": scoring, "instances": jupyter}
        yield secured(_doors(house, authenticator, sessions, raw), settings), changes


def _context(
    settings: Settings,
    home: Home,
    *,
    clock: Clock,
    hints: "_Both",
    forgetting: "_Forgetting",
) -> Context:
    """Return the world outside the database, as services see it."""
    return Context(
        clock=clock,
        new_id=new_id,
        new_secret=new_secret,
        wakeup=hints,
        tokens_removed=forgetting.tokens_of,
        vault=AesVault(home.ensure_vault_key()),
        check_environment=check_of(settings),
        max_nodes=settings.max_nodes,
        data_roots=settings.data_roots,
    )


@contextlib.asynccontextmanager
async def _blobs(data: Path, work: Work) -> AsyncIterator[LocalBlobs]:
    """Open the bytes below `data`; what a crash has left is settled first."""
    blobs = LocalBlobs(data / "blobs", data / "tmp")
    keeper = BlobKeeper(work, blobs)
    await keeper.recover()
    try:
        yield blobs
    finally:
        await keeper.settle()


def _doors(
    house: House, authenticator: Authenticator, sessions: Sessions, raw: Mapping[str, App]
) -> App:
    """Return all doors; those in `raw` are there already."""
    doors = {
        **raw,
        "studio": create_studio(house, authenticator, sessions),
        **dict.fromkeys(_MLFLOW_PATHS, create_mlflow_app(house, authenticator)),
    }
    return _Doors(doors, create_door(house, authenticator, [create_router()]))


async def _stop(engine: Engine) -> None:
    # Runs and their states do not depend on a tidy end: a slow one must not hold up the server.
    try:
        async with asyncio.timeout(_ENGINE_STOP_SECONDS):
            await engine.stop()
    except TimeoutError:
        logger.warning("The engine did not stop in %s s", _ENGINE_STOP_SECONDS)


def _described(info: ServerInfo, home: Home) -> ServerOut:
    return ServerOut(
        version=info.version,
        instance=info.instance,
        home=str(home.root),
        started_at=time.time(),
        sqlite_version=sqlite3.sqlite_version,
    )


def _check_exposure(settings: Settings) -> None:
    if settings.host not in LOOPBACK_NAMES and not settings.behind_proxy:
        raise StartError(
            f"The address {settings.host} can be reached from other machines, and zaffre does not "
            "speak TLS itself. Put a proxy that does in front of it and say `--behind-proxy`."
        )


def _check_roots(settings: Settings) -> None:
    """Refuse folders that are not there, or through which the home could be read."""
    home = settings.home.resolve()
    for label, folder in settings.data_roots.items():
        real = folder.resolve()
        if not real.is_dir():
            raise StartError(f"The data root `{label}` is no folder: {folder}.")
        if real in (home, *home.parents) or home in real.parents:
            raise StartError(
                f"The data root `{label}`, {folder}, and the server's home, {home}, lie within "
                "each other: the secrets of the server would be data. Choose another folder."
            )


def _listener(settings: Settings) -> socket.socket:
    try:
        if settings.port is not None:
            return listen(settings.host, settings.port)
        try:
            return listen(settings.host, DEFAULT_PORT)
        except PortTakenError:
            return listen(settings.host, 0)
    except PortTakenError as error:
        raise StartError(f"{error} Choose another one, or `--port 0` for any.") from None
    except (OSError, OverflowError) as error:
        raise StartError(f"Cannot listen at {settings.host}: {error}.") from None


def _local_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = ANY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Doors:
    """Leads each request to its door by the first part of its path, or by the first two."""

    def __init__(self, doors: Mapping[str, App], others: App) -> None:
        self._doors = doors
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first, _, rest = scope["path"][1:].partition("/")
        found = self._doors.get(first) or self._doors.get(f"{first}/{rest.partition('/')[0]}")
        await (found or self._others)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Both:
    """Passes hints on to the engine and to requests that wait."""

    engine: EngineWakeup
    requests: Changes

    def hint(self, noun: str) -> None:
        self.engine.hint(noun)
        self.requests.hint(noun)


@dataclass(slots=True)
class _Forgetting:
    """Tells the authenticator, which is made later, of tokens that are gone."""

    authenticator: Authenticator | None = None

    def tokens_of(self, run_id: str) -> None:
        if self.authenticator:
            self.authenticator.forget_run(run_id)
