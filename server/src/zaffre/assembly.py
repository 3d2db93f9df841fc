"""What happens by itself, put together: the loops of the engine with their adapters."""

import os
from urllib.parse import urlsplit

from zaffre_sdk.home import ServerInfo

from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.builders.sdk_wheel import SdkWheel
from zaffre.adapters.builders.settings import index_settings
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.adapters.containers.images import ImageBuilder
from zaffre.adapters.containers.kept import KeptImages
from zaffre.adapters.instances.jupyter import JupyterInstances
from zaffre.adapters.launchers.choice import ChosenLauncher
from zaffre.adapters.launchers.elsewhere.parcel import Packer
from zaffre.adapters.launchers.machines.launcher import SshLauncher
from zaffre.adapters.launchers.process import ProcessLauncher
from zaffre.adapters.launchers.ray.clusters import RayClusters
from zaffre.adapters.launchers.ray.heads import RayHeads
from zaffre.adapters.launchers.ray.jobs import RayJobs
from zaffre.adapters.launchers.ray.launcher import RayLauncher
from zaffre.adapters.replicas.process import ProcessReplicas
from zaffre.base.ids import new_id
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
from zaffre.protocols.http.asgi import App
from zaffre.protocols.http.house import House
from zaffre.protocols.http.security import Security, origin_of
from zaffre.protocols.scoring.listener import LoopbackListeners
from zaffre.services.instances import InstanceTable
from zaffre.services.keeper import BlobKeeper
from zaffre.services.scoring import ScoringTable
from zaffre.settings import ANY_ADDRESS, Settings


def engine_of(
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
        listeners=LoopbackListeners(scoring, wrap=lambda app: secured(app, settings)),
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


def kept_environments(settings: Settings) -> KeptImages:
    """Return the built environments of this machine, images among them."""
    folders = KeptFolders(settings.home / "environments")
    return KeptImages(folders, settings.home / "images", environ=os.environ)


def secured(app: App, settings: Settings) -> App:
    """Wrap all doors; names and origins besides our own are those that were configured."""
    public = settings.public_url
    hosts = {*settings.allowed_hosts, settings.host.lower()} - ANY_ADDRESS.keys()
    if public:
        hosts.add(urlsplit(public).hostname or "")
    return Security(app, hosts=hosts, origins=[origin_of(public)] if public else [], new_id=new_id)


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
