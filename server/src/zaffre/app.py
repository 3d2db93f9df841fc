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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
from zaffre_sdk.home import Home, ServerInfo
from zaffre_sdk.wire.server import ServerOut

from zaffre import __version__
from zaffre.adapters.blobs.local import LocalBlobs
from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.adapters.builders import plan
from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.builders.sdk_wheel import SdkWheel
from zaffre.adapters.builders.settings import index_settings
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.adapters.containers.images import ImageBuilder
from zaffre.adapters.containers.kept import KeptImages
from zaffre.adapters.datafiles.choice import ChosenFiles
from zaffre.adapters.instances.jupyter import JupyterInstances
from zaffre.adapters.launchers.choice import ChosenLauncher
from zaffre.adapters.launchers.elsewhere.parcel import Packer
from zaffre.adapters.launchers.machines.launcher import SshLauncher
from zaffre.adapters.launchers.process import ProcessLauncher
from zaffre.adapters.launchers.ray.clusters import RayClusters
from zaffre.adapters.launchers.ray.heads import RayHeads
from zaffre.adapters.launchers.ray.jobs import RayJobs
from zaffre.adapters.launchers.ray.launcher import RayLauncher
from zaffre.adapters.queries.choice import ChosenQueries
from zaffre.adapters.replicas.process import ProcessReplicas
from zaffre.adapters.sql.database import open_database
from zaffre.adapters.vaults.aes import AesVault
from zaffre.base.clock import system_clock
from zaffre.base.ids import new_id, new_secret
from zaffre.base.paging import paging_key
from zaffre.domain.computes import ComputeKind
from zaffre.engine.answers import AnswerLoop
from zaffre.engine.clusters import ClusterLoop
from zaffre.engine.computes.loop import InstanceLoop
from zaffre.engine.computes.parts import InstanceParts
from zaffre.engine.endpoints.loop import EndpointLoop
from zaffre.engine.endpoints.parts import EndpointParts
from zaffre.engine.environments import BuildParts, EnvironmentLoop
from zaffre.engine.keeping import KeepingLoop
from zaffre.engine.removals import RemovalLoop
from zaffre.engine.runs.loop import RunLoop
from zaffre.engine.runs.parts import Parts, RunLimits, Stopwatches
from zaffre.engine.runs.programs import ProgramLoop
from zaffre.engine.supervisor import Engine
from zaffre.engine.wakeup import EngineWakeup
from zaffre.protocols.http.asgi import App, Receive, Scope, Send
from zaffre.protocols.http.authentication import Authenticator
from zaffre.protocols.http.changes import Changes
from zaffre.protocols.http.door import create_door
from zaffre.protocols.http.house import House
from zaffre.protocols.http.security import LOOPBACK_NAMES, Security, origin_of
from zaffre.protocols.http.serving import HttpServer, PortTakenError, listen
from zaffre.protocols.instances.door import InstanceDoor
from zaffre.protocols.mlflow.door import create_mlflow_app
from zaffre.protocols.native.router import create_router
from zaffre.protocols.scoring.app import create_scoring_app
from zaffre.protocols.scoring.listener import LoopbackListeners
from zaffre.protocols.studio.app import create_studio
from zaffre.protocols.studio.sessions import Sessions
from zaffre.services.beats import Beats
from zaffre.services.context import Context
from zaffre.services.data_access import DataAccess
from zaffre.services.environment_pruning import EnvironmentPruner
from zaffre.services.eraser import Eraser
from zaffre.services.instances import InstanceTable
from zaffre.services.keeper import BlobKeeper
from zaffre.services.programs import Programs
from zaffre.services.scoring import ScoringTable
from zaffre.services.tokens import digest_of
from zaffre.services.work import Work

logger = logging.getLogger(__name__)

DEFAULT_PORT: Final = 8642
_ENGINE_STOP_SECONDS: Final = 8.0
# Beside the addresses of workspaces those that MLflow's own server has at its root.
_MLFLOW_PATHS: Final = (
    "",
    *("mlflow", "ajax-api", "api/2.0", "api/3.0", "v1", "version", "health"),
    *("get-artifact", "model-versions"),
)
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (told apart, not bound)


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
        local_slots: How many runs execute at once outside of clusters.
        max_nodes: How many nodes all clusters may have together; None is without limit.
        base_image: That of runs that ask for a container and name no image; empty is none.
        data_roots: Folders of this machine below which local datastores may lie, by names.
        lost_after: After so many seconds of silence of its program an interactive run has failed.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int | None = None
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    behind_proxy: bool = False
    local_slots: int = 4
    max_nodes: int | None = None
    base_image: str = ""
    lost_after: float = 600.0
    data_roots: Mapping[str, Path] = field(default_factory=dict)


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
    home, clock = Home(settings.home), system_clock()
    data = home.root / "data"
    changes, wakeup = Changes(loop), EngineWakeup(loop)
    forgetting = _Forgetting()
    context = Context(
        clock=clock,
        new_id=new_id,
        new_secret=new_secret,
        wakeup=_Both(wakeup, changes),
        tokens_removed=forgetting.tokens_of,
        vault=AesVault(home.ensure_vault_key()),
        check_environment=plan.check,
        data_roots=settings.data_roots,
    )
    transactions = await asyncio.to_thread(open_database, data / "zaffre.db")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(transactions.close)
        work = Work(transactions, context)
        logs = LocalLogs(data / "logs")
        blobs = LocalBlobs(data / "blobs", data / "tmp")
        data_files = ChosenFiles(home.root / "datastores", settings.data_roots)
        await BlobKeeper(work, blobs).recover()
        changes.at_stop(logs.wake_all)
        secret = home.ensure_token()
        house = House(
            work=work,
            blobs=blobs,
            logs=logs,
            data_files=data_files,
            data_access=DataAccess(work, data_files),
            queries=ChosenQueries(),
            eraser=Eraser(work, blobs, logs, remove_folder=ProcessLauncher(settings.home).forget),
            pruner=EnvironmentPruner(work, _kept(settings), logs),
            beats=Beats(clock.monotonic),
            programs=Programs(clock.monotonic),
            changes=changes,
            clock=clock,
            server=_described(info, home),
            url=settings.public_url or info.url,
            is_behind_proxy=settings.behind_proxy,
            paging_key=paging_key(secret),
        )
        authenticator = Authenticator(work, digest_of(secret))
        forgetting.authenticator = authenticator
        door = create_door(house, authenticator, [create_router()])
        table = ScoringTable()
        scoring = create_scoring_app(table, now=lambda: clock.now().timestamp())
        instances = InstanceTable()
        engine = _engine(
            house, wakeup, settings, info=info, serving=(table, scoring), instances=instances
        )
        await engine.start()
        stack.push_async_callback(_stop, engine)
        mlflow = create_mlflow_app(house, authenticator)
        sessions = Sessions(clock)
        jupyter = InstanceDoor(instances, authenticator, sessions, url=house.url)
        stack.push_async_callback(jupyter.close)
        doors = _Doors(
            {
                "endpoints": scoring,
                "instances": jupyter,
                "studio": create_studio(house, authenticator, sessions),
                **dict.fromkeys(_MLFLOW_PATHS, mlflow),
            },
            door,
        )
        yield _secured(doors, settings), changes


def _engine(
    house: House,
    wakeup: EngineWakeup,
    settings: Settings,
    *,
    info: ServerInfo,
    serving: tuple[ScoringTable, App],
    instances: InstanceTable,
) -> Engine:
    """Return what happens by itself: runs, endpoints, instances, forgetting."""
    builder = UvBuilder(
        settings.home / "environments", environ=os.environ, copy=house.blobs.copy_to
    )
    images = ImageBuilder(
        builder, settings.home / "images", environ=os.environ, copy=house.blobs.copy_to
    )
    machines = _machines(house, settings, info)
    table, scoring = serving
    rays, clusters = _rays(settings)
    runs = Parts(
        work=house.work,
        beats=house.beats,
        launcher=ChosenLauncher(
            ProcessLauncher(settings.home),
            {ComputeKind.MACHINE: machines, ComputeKind.RAY: rays},
        ),
        builder=images,
        logs=house.logs,
        wakeup=wakeup,
        cancels=Stopwatches(house.clock.monotonic),
        clock=house.clock,
        server_url=info.url,
        base_image=settings.base_image,
        limits=RunLimits(local_slots=settings.local_slots, max_nodes=settings.max_nodes),
    )
    endpoints = EndpointParts(
        work=house.work,
        builder=builder,
        blobs=house.blobs,
        logs=house.logs,
        replicas=ProcessReplicas(environment=os.environ),
        listeners=LoopbackListeners(scoring, wrap=lambda app: _secured(app, settings)),
        table=table,
        folder=settings.home / "endpoints",
        clock=house.clock,
    )
    programs = ProgramLoop(
        house.work, house.programs, house.clock, silence_seconds=settings.lost_after
    )
    answers = AnswerLoop(house.work, house.clock)
    removals = RemovalLoop(house.eraser, wakeup)
    keeping = KeepingLoop(BlobKeeper(house.work, house.blobs))
    builds = EnvironmentLoop(
        BuildParts(work=house.work, builder=images, logs=house.logs, wakeup=wakeup)
    )
    return Engine(
        [
            RunLoop(runs),
            programs,
            EndpointLoop(endpoints, wakeup),
            answers,
            removals,
            keeping,
            builds,
            ClusterLoop(house.work, wakeup, ComputeKind.RAY, clusters),
            machines,
            InstanceLoop(_instances(house, builder, instances, settings), wakeup),
        ]
    )


def _instances(
    house: House, builder: UvBuilder, table: InstanceTable, settings: Settings
) -> InstanceParts:
    """Return the world of instances."""
    return InstanceParts(
        work=house.work,
        builder=builder,
        instances=JupyterInstances(settings.home / "instances", environ=os.environ),
        data_files=house.data_files,
        table=table,
        clock=house.clock,
        home=settings.home.resolve(),
        url=house.url,
    )


def _rays(settings: Settings) -> tuple[RayLauncher, RayClusters]:
    """Return what starts runs on Ray clusters, and what looks after those."""
    heads, jobs = RayHeads(settings.home / "ray", environ=os.environ), RayJobs()
    near = ProcessLauncher(settings.home)
    return RayLauncher(settings.home, heads, jobs, near=near), RayClusters(heads, jobs)


def _machines(house: House, settings: Settings, info: ServerInfo) -> SshLauncher:
    """Return the launcher for machines that are reached over SSH."""
    wheel = SdkWheel(settings.home / "environments" / "wheels").wheel
    return SshLauncher(
        settings.home,
        info,
        Packer(wheel, index_settings(os.environ)),
        find=lambda workspace, name: house.work.read(
            lambda s: s.scheduling.place_named(workspace, name)
        ),
        copy=house.blobs.copy_to,
    )


def _kept(settings: Settings) -> KeptImages:
    """Return the built environments of this machine, images among them."""
    folders = KeptFolders(settings.home / "environments")
    return KeptImages(folders, settings.home / "images", environ=os.environ)


def _secured(app: App, settings: Settings) -> App:
    """Wrap all doors; names and origins besides our own are those that were configured."""
    public = settings.public_url
    hosts = {*settings.allowed_hosts, settings.host.lower()} - _ANY_ADDRESS.keys()
    if public:
        hosts.add(urlsplit(public).hostname or "")
    return Security(app, hosts=hosts, origins=[origin_of(public)] if public else [], new_id=new_id)


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
    host = _ANY_ADDRESS.get(host, host)
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
