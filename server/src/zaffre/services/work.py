"""Units of work over services: what doors and the engine call."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from zaffre.ports.stores import Stores
from zaffre.ports.transactions import Transactions
from zaffre.services.artifacts import ArtifactService
from zaffre.services.assessments import AssessmentService
from zaffre.services.attempts import AttemptService
from zaffre.services.computes import ComputeService
from zaffre.services.context import Context
from zaffre.services.data_uses import DataUseService
from zaffre.services.datasets import DatasetService
from zaffre.services.datastores import DatastoreService
from zaffre.services.deletion import DeletionService
from zaffre.services.endpoints import EndpointService
from zaffre.services.environment_builds import EnvironmentBuildService
from zaffre.services.environment_files import WheelService
from zaffre.services.environments import EnvironmentService
from zaffre.services.experiments import ExperimentService
from zaffre.services.imports import ImportService
from zaffre.services.inputs import InputService
from zaffre.services.logged_models import LoggedModelService
from zaffre.services.metrics import MetricService
from zaffre.services.models import ModelService
from zaffre.services.owned_files import OwnedFileService
from zaffre.services.params import ParamService
from zaffre.services.programs import ProgramService
from zaffre.services.registry import RegistryService
from zaffre.services.runs import RunService
from zaffre.services.scheduling import SchedulingService
from zaffre.services.secrets import SecretService
from zaffre.services.snapshots import SnapshotService
from zaffre.services.tokens import TokenService
from zaffre.services.traces import TraceService
from zaffre.services.tracking import TrackingService
from zaffre.services.versions import VersionService
from zaffre.services.workspaces import WorkspaceService

T = TypeVar("T")
S = TypeVar("S")


def _made(make: Callable[[Stores, Context], S]) -> "cached_property[S]":
    """Return an attribute that is made when it is first asked for: most units need one or two."""
    return cached_property(lambda services: make(services.stores, services.context))


class Services:
    """Every service, over the stores of one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self.stores = stores
        self.context = context

    workspaces = _made(WorkspaceService)
    experiments = _made(ExperimentService)
    runs = _made(RunService)
    programs = _made(ProgramService)
    attempts = _made(AttemptService)
    tracking = _made(TrackingService)
    params = _made(lambda stores, _: ParamService(stores))
    inputs = _made(lambda stores, _: InputService(stores))
    metrics = _made(MetricService)
    artifacts = _made(ArtifactService)
    owned_files = _made(OwnedFileService)
    deletion = _made(DeletionService)
    snapshots = _made(SnapshotService)
    environments = _made(EnvironmentService)
    environment_builds = _made(EnvironmentBuildService)
    wheels = _made(WheelService)
    models = _made(ModelService)
    registry = _made(RegistryService)
    versions = _made(VersionService)
    logged_models = _made(LoggedModelService)
    imports = _made(ImportService)
    endpoints = _made(EndpointService)
    computes = _made(ComputeService)
    scheduling = _made(SchedulingService)
    datastores = _made(DatastoreService)
    secrets = _made(SecretService)
    datasets = _made(DatasetService)
    data_uses = _made(DataUseService)
    tokens = _made(TokenService)
    traces = _made(TraceService)
    assessments = _made(AssessmentService)


class Work:
    """Runs use cases, each in a transaction of its own."""

    def __init__(self, transactions: Transactions, context: Context) -> None:
        self._transactions = transactions
        self._context = context

    async def write(self, use: Callable[[Services], T]) -> T:
        """Run a use case that may write; durable when it returns."""
        return await self._transactions.write(lambda stores: use(Services(stores, self._context)))

    async def read(self, use: Callable[[Services], T]) -> T:
        """Run a use case that only reads."""
        return await self._transactions.read(lambda stores: use(Services(stores, self._context)))
