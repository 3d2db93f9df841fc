"""Units of work over services: what doors and the engine call."""

from collections.abc import Callable
from typing import TypeVar

from zaffre.ports.stores import Stores
from zaffre.ports.transactions import Transactions
from zaffre.services.artifacts import ArtifactService
from zaffre.services.assessments import AssessmentService
from zaffre.services.attempts import AttemptService
from zaffre.services.context import Context
from zaffre.services.deletion import DeletionService
from zaffre.services.endpoints import EndpointService
from zaffre.services.environments import EnvironmentService
from zaffre.services.experiments import ExperimentService
from zaffre.services.inputs import InputService
from zaffre.services.logged_models import LoggedModelService
from zaffre.services.metrics import MetricService
from zaffre.services.models import ModelService
from zaffre.services.params import ParamService
from zaffre.services.owned_files import OwnedFileService
from zaffre.services.programs import ProgramService
from zaffre.services.registry import RegistryService
from zaffre.services.runs import RunService
from zaffre.services.secrets import SecretService
from zaffre.services.snapshots import SnapshotService
from zaffre.services.tokens import TokenService
from zaffre.services.tracking import TrackingService
from zaffre.services.traces import TraceService
from zaffre.services.versions import VersionService
from zaffre.services.workspaces import WorkspaceService

T = TypeVar("T")


class Services:
    """Every service, over the stores of one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self.stores = stores
        self.workspaces = WorkspaceService(stores, context)
        self.experiments = ExperimentService(stores, context)
        self.runs = RunService(stores, context)
        self.programs = ProgramService(stores, context)
        self.attempts = AttemptService(stores, context)
        self.tracking = TrackingService(stores, context)
        self.params = ParamService(stores)
        self.inputs = InputService(stores)
        self.metrics = MetricService(stores, context)
        self.artifacts = ArtifactService(stores, context)
        self.owned_files = OwnedFileService(stores, context)
        self.deletion = DeletionService(stores, context)
        self.snapshots = SnapshotService(stores, context)
        self.environments = EnvironmentService(stores, context)
        self.models = ModelService(stores, context)
        self.registry = RegistryService(stores, context)
        self.versions = VersionService(stores, context)
        self.logged_models = LoggedModelService(stores, context)
        self.endpoints = EndpointService(stores, context)
        self.secrets = SecretService(stores, context)
        self.tokens = TokenService(stores, context)
        self.traces = TraceService(stores, context)
        self.assessments = AssessmentService(stores, context)


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
