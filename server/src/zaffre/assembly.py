"""What happens by itself, put together: the loops of the engine with their adapters."""

import os
from collections.abc import Callable
from urllib.parse import urlsplit

from zaffre_sdk.connections import is_loopback
from zaffre_sdk.home import ServerInfo
from zaffre_sdk.runner.java import javas

from zaffre.adapters.builders import plan
from zaffre.adapters.builders.conda_tools import Condas
from zaffre.adapters.builders.kept import KeptFolders
from zaffre.adapters.builders.sdk_wheel import SdkWheel
from zaffre.adapters.builders.settings import index_settings
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.adapters.containers.images import ImageBuilder
from zaffre.adapters.containers.kept import KeptImages
from zaffre.adapters.instances.jupyter import JupyterInstances
from zaffre.adapters.launchers.choice import ChosenLauncher
from zaffre.adapters.launchers.databricks.api import DatabricksApi
from zaffre.adapters.launchers.databricks.launcher import DatabricksLauncher
from zaffre.adapters.launchers.elsewhere.parcel import Packer
from zaffre.adapters.launchers.elsewhere.shelf import Shelf
from zaffre.adapters.launchers.kubernetes.boards import Boards
from zaffre.adapters.launchers.kubernetes.clusters import KubernetesClusters
from zaffre.adapters.launchers.kubernetes.kubeconfig import Accesses
from zaffre.adapters.launchers.kubernetes.launcher import KubernetesLauncher
from zaffre.adapters.launchers.kubernetes.manifests import server_key
from zaffre.adapters.launchers.kubernetes.settings import Reach
from zaffre.adapters.launchers.machines.launcher import SshLauncher
from zaffre.adapters.launchers.process import ProcessLauncher
from zaffre.adapters.launchers.ray.clusters import RayClusters
from zaffre.adapters.launchers.ray.heads import RayHeads
from zaffre.adapters.launchers.ray.jobs import RayJobs
from zaffre.adapters.launchers.ray.launcher import RayLauncher
from zaffre.adapters.replicas.process import ProcessReplicas
from zaffre.base.ids import new_id
from zaffre.domain.computes import ComputeKind
from zaffre.domain.environments import EnvironmentSpec
from zaffre.engine.answers import AnswerLoop
from zaffre.engine.clusters import ClusterLoop
from zaffre.engine.computes.loop import InstanceLoop
from zaffre.engine.computes.parts import InstanceParts
from zaffre.engine.computes.starting import ENVIRONMENT
from zaffre.engine.endpoints.loop import EndpointLoop
from zaffre.engine.endpoints.parts import EndpointParts
from zaffre.engine.environments import BuildParts, EnvironmentLoop
from zaffre.engine.keeping import KeepingLoop
from zaffre.engine.pruning import PruningLoop
from zaffre.engine.removals import RemovalLoop
from zaffre.engine.runs.loop import RunLoop
from zaffre.engine.runs.parts import Parts, RunLimits, Stopwatches
from zaffre.engine.runs.programs import ProgramLoop
from zaffre.engine.supervisor import Engine
from zaffre.engine.wakeup import EngineWakeup
from zaffre.ports.blobs import Blobs
from zaffre.ports.logs import LogStore
from zaffre.protocols.http.asgi import App
from zaffre.protocols.http.house import House
from zaffre.protocols.http.security import Security, origin_of
from zaffre.protocols.scoring.listener import LoopbackListeners
from zaffre.services.environment_pruning import EnvironmentPruner, Limits
from zaffre.services.instances import InstanceTable
from zaffre.services.keeper import BlobKeeper
from zaffre.services.scoring import ScoringTable
from zaffre.services.work import Work
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
    builder, images = _builders(settings, house.blobs)
    machines = _machines(house, settings, info)
    table, scoring = serving
    rays, clusters = _rays(settings)
    pods, pod_clusters = _pods(house, settings, info)
    runs = Parts(
        work=house.work,
        beats=house.beats,
        launcher=ChosenLauncher(
            ProcessLauncher(settings.home),
            {
                ComputeKind.MACHINE: machines,
                ComputeKind.RAY: rays,
                ComputeKind.KUBERNETES: pods,
                ComputeKind.DATABRICKS: _bricks(house, settings, info),
            },
        ),
        builder=images,
        logs=house.logs,
        wakeup=wakeup,
        cancels=Stopwatches(house.clock.monotonic),
        clock=house.clock,
        server_url=info.url,
        base_image=settings.base_image,
        javas=lambda environ: [
            java.number for java in javas({**os.environ, **environ}, asks=False)
        ],
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
    removals = RemovalLoop(house.eraser, wakeup, house.dataset_marks, started_at=house.clock.now())
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
            PruningLoop(house.pruner, _limits(settings), house.clock),
            ClusterLoop(house.work, wakeup, ComputeKind.RAY, clusters),
            ClusterLoop(house.work, wakeup, ComputeKind.KUBERNETES, pod_clusters),
            machines,
            pods,
            InstanceLoop(_instances(house, builder, instances, settings), wakeup),
        ]
    )


def check_of(settings: Settings) -> Callable[[EnvironmentSpec], None]:
    """Return what refuses environments that could not be built here."""
    condas = Condas(settings.conda, environ=os.environ)

    def check(spec: EnvironmentSpec) -> None:
        # Conda may be installed while the server runs.
        is_named = bool(spec.conda_packages or spec.channels)
        plan.check(spec, with_conda=is_named and condas.may_be_there())

    return check


def pruner_of(settings: Settings, work: Work, logs: LogStore, blobs: Blobs) -> EnvironmentPruner:
    """Return what lists and removes the built environments of this machine, and images."""
    builder, images = _builders(settings, blobs)
    folders = KeptFolders(settings.home / "environments")
    kept = KeptImages(folders, settings.home / "images", environ=os.environ)
    return EnvironmentPruner(
        work,
        kept,
        logs,
        locate=images.locate,
        here=builder.locate,
        instances=ENVIRONMENT,
    )


def _builders(settings: Settings, blobs: Blobs) -> tuple[UvBuilder, ImageBuilder]:
    """Return what builds environments of this machine, and what builds images, too."""
    builder = UvBuilder(
        settings.home / "environments",
        environ=os.environ,
        copy=blobs.copy_to,
        conda=settings.conda,
    )
    folder = settings.home / "images"
    return builder, ImageBuilder(builder, folder, environ=os.environ, copy=blobs.copy_to)


def _limits(settings: Settings) -> Limits:
    return Limits(unused_seconds=settings.prune_after, keep_bytes=settings.prune_above)


def secured(app: App, settings: Settings) -> App:
    """Wrap all doors; names and origins besides our own are those that were configured."""
    public = settings.public_url
    origins = [origin_of(public)] if public else []
    return Security(app, hosts=_hosts(settings), origins=origins, new_id=new_id)


def shelf_of(settings: Settings) -> Shelf:
    """Return what is laid ready for runners elsewhere."""
    return Shelf(settings.home / "parcels")


def _hosts(settings: Settings) -> set[str]:
    """Return the names that the server answers to, besides those of loopback."""
    hosts = {*settings.allowed_hosts, settings.host.lower()} - ANY_ADDRESS.keys()
    if settings.public_url:
        hosts.add(urlsplit(settings.public_url).hostname or "")
    return hosts


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


def _pods(
    house: House, settings: Settings, info: ServerInfo
) -> tuple[KubernetesLauncher, KubernetesClusters]:
    """Return what starts runs in clusters of Kubernetes, and what looks at those."""
    folder = settings.home / "kubernetes"
    own = "" if is_loopback(urlsplit(info.url).hostname or "") else info.url
    hosts = frozenset(host.lower() for host in _hosts(settings))
    reach = Reach(settings.public_url or own, hosts)
    accesses, server = Accesses(folder, os.environ), server_key(folder)
    boards = Boards(server)
    launcher = KubernetesLauncher(
        settings.home,
        accesses=accesses,
        boards=boards,
        server=server,
        reach=reach,
        packer=_packer(settings),
        shelf=shelf_of(settings),
        find=lambda workspace, name: house.work.read(
            lambda s: s.scheduling.place_named(workspace, name)
        ),
    )
    return launcher, KubernetesClusters(accesses, boards, reach)


def _bricks(house: House, settings: Settings, info: ServerInfo) -> DatabricksLauncher:
    """Return what starts runs in workspaces of Databricks."""
    own = "" if is_loopback(urlsplit(info.url).hostname or "") else info.url
    return DatabricksLauncher(
        DatabricksApi(),
        server_url=settings.public_url or own,
        packer=_packer(settings),
        shelf=shelf_of(settings),
        on_index=lambda spec: [str(one) for one in plan.want(spec).requirements],
        find=lambda workspace, name: house.work.read(
            lambda s: s.scheduling.place_named(workspace, name)
        ),
    )


def _packer(settings: Settings) -> Packer:
    wheel = SdkWheel(settings.home / "environments" / "wheels").wheel
    return Packer(wheel, index_settings(os.environ))


def _machines(house: House, settings: Settings, info: ServerInfo) -> SshLauncher:
    """Return the launcher for machines that are reached over SSH."""
    return SshLauncher(
        settings.home,
        info,
        _packer(settings),
        find=lambda workspace, name: house.work.read(
            lambda s: s.scheduling.place_named(workspace, name)
        ),
        copy=house.blobs.copy_to,
    )
