"""Every store of one transaction."""

from collections.abc import Callable

from sqlalchemy import Connection

from zaffre.adapters.sql.stores.answers import SqlIdempotencyStore
from zaffre.adapters.sql.stores.artifacts import SqlArtifactStore
from zaffre.adapters.sql.stores.assessments import SqlAssessmentStore
from zaffre.adapters.sql.stores.computes import SqlComputeStore
from zaffre.adapters.sql.stores.data_uses import SqlDataUseStore
from zaffre.adapters.sql.stores.datasets import SqlDatasetStore
from zaffre.adapters.sql.stores.datastores import SqlDatastoreStore
from zaffre.adapters.sql.stores.doomed import SqlDoomedStore
from zaffre.adapters.sql.stores.endpoints import SqlEndpointStore
from zaffre.adapters.sql.stores.environment_builds import SqlEnvironmentBuildStore
from zaffre.adapters.sql.stores.environments import SqlEnvironmentStore
from zaffre.adapters.sql.stores.experiments import SqlExperimentStore
from zaffre.adapters.sql.stores.inputs import SqlInputStore
from zaffre.adapters.sql.stores.kept import SqlKeptStore
from zaffre.adapters.sql.stores.logged_models import SqlLoggedModelStore
from zaffre.adapters.sql.stores.metrics import SqlMetricStore
from zaffre.adapters.sql.stores.models import SqlModelStore
from zaffre.adapters.sql.stores.owned_files import SqlOwnedFileStore
from zaffre.adapters.sql.stores.params import SqlParamStore
from zaffre.adapters.sql.stores.registered_models import SqlRegisteredModelStore
from zaffre.adapters.sql.stores.removals import SqlRemovalStore
from zaffre.adapters.sql.stores.run_search import SqlRunSearchStore
from zaffre.adapters.sql.stores.runs import SqlRunStore
from zaffre.adapters.sql.stores.secrets import SqlSecretStore
from zaffre.adapters.sql.stores.snapshots import SqlSnapshotStore
from zaffre.adapters.sql.stores.spans import SqlSpanStore
from zaffre.adapters.sql.stores.tokens import SqlTokenStore
from zaffre.adapters.sql.stores.traces import SqlTraceStore
from zaffre.adapters.sql.stores.workspaces import SqlWorkspaceStore
from zaffre.ports import (
    computes,
    data,
    datasets,
    environments,
    kept,
    owned_files,
    registry,
    removals,
    tracking,
)
from zaffre.ports import stores as ports
from zaffre.ports import traces as trace_ports


class SqlStores:
    """Implements `ports.stores.Stores` on one connection."""

    def __init__(self, connection: Connection, actions: list[Callable[[], None]]) -> None:
        self._actions = actions
        self.workspaces: ports.WorkspaceStore = SqlWorkspaceStore(connection)
        self.experiments: ports.ExperimentStore = SqlExperimentStore(connection)
        self.runs: ports.RunStore = SqlRunStore(connection)
        self.metrics: ports.MetricStore = SqlMetricStore(connection)
        self.params: tracking.ParamStore = SqlParamStore(connection)
        self.inputs: tracking.InputStore = SqlInputStore(connection)
        self.run_search: tracking.RunSearchStore = SqlRunSearchStore(connection)
        self.artifacts: ports.ArtifactStore = SqlArtifactStore(connection)
        self.owned_files: owned_files.OwnedFileStore = SqlOwnedFileStore(connection)
        self.removals: removals.RemovalStore = SqlRemovalStore(connection)
        self.doomed: removals.DoomedStore = SqlDoomedStore(connection)
        self.kept: kept.KeptStore = SqlKeptStore(connection)
        self.snapshots: ports.SnapshotStore = SqlSnapshotStore(connection)
        self.environments: ports.EnvironmentStore = SqlEnvironmentStore(connection)
        self.environment_builds: environments.EnvironmentBuildStore = SqlEnvironmentBuildStore(
            connection
        )
        self.models: registry.ModelStore = SqlModelStore(connection)
        self.registered_models: registry.RegisteredModelStore = SqlRegisteredModelStore(connection)
        self.logged_models: registry.LoggedModelStore = SqlLoggedModelStore(connection)
        self.endpoints: ports.EndpointStore = SqlEndpointStore(connection)
        self.computes: computes.ComputeStore = SqlComputeStore(connection)
        self.datastores: data.DatastoreStore = SqlDatastoreStore(connection)
        self.secrets: ports.SecretStore = SqlSecretStore(connection)
        self.datasets: datasets.DatasetStore = SqlDatasetStore(connection)
        self.data_uses: datasets.DataUseStore = SqlDataUseStore(connection)
        self.tokens: ports.TokenStore = SqlTokenStore(connection)
        self.answers: ports.IdempotencyStore = SqlIdempotencyStore(connection)
        self.traces: trace_ports.TraceStore = SqlTraceStore(connection)
        self.spans: trace_ports.SpanStore = SqlSpanStore(connection)
        self.assessments: trace_ports.AssessmentStore = SqlAssessmentStore(connection)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Remember what to do once the transaction is durable."""
        self._actions.append(action)
