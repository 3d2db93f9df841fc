"""Every store of one transaction."""

from collections.abc import Callable

from sqlalchemy import Connection

from zaffre.adapters.sql.stores.answers import SqlIdempotencyStore
from zaffre.adapters.sql.stores.artifacts import SqlArtifactStore
from zaffre.adapters.sql.stores.endpoints import SqlEndpointStore
from zaffre.adapters.sql.stores.environments import SqlEnvironmentStore
from zaffre.adapters.sql.stores.experiments import SqlExperimentStore
from zaffre.adapters.sql.stores.metrics import SqlMetricStore
from zaffre.adapters.sql.stores.models import SqlModelStore
from zaffre.adapters.sql.stores.runs import SqlRunStore
from zaffre.adapters.sql.stores.snapshots import SqlSnapshotStore
from zaffre.adapters.sql.stores.tokens import SqlTokenStore
from zaffre.adapters.sql.stores.workspaces import SqlWorkspaceStore
from zaffre.ports import stores as ports


class SqlStores:
    """Implements `ports.stores.Stores` on one connection."""

    def __init__(self, connection: Connection, actions: list[Callable[[], None]]) -> None:
        self._actions = actions
        self.workspaces: ports.WorkspaceStore = SqlWorkspaceStore(connection)
        self.experiments: ports.ExperimentStore = SqlExperimentStore(connection)
        self.runs: ports.RunStore = SqlRunStore(connection)
        self.metrics: ports.MetricStore = SqlMetricStore(connection)
        self.artifacts: ports.ArtifactStore = SqlArtifactStore(connection)
        self.snapshots: ports.SnapshotStore = SqlSnapshotStore(connection)
        self.environments: ports.EnvironmentStore = SqlEnvironmentStore(connection)
        self.models: ports.ModelStore = SqlModelStore(connection)
        self.endpoints: ports.EndpointStore = SqlEndpointStore(connection)
        self.tokens: ports.TokenStore = SqlTokenStore(connection)
        self.answers: ports.IdempotencyStore = SqlIdempotencyStore(connection)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Remember what to do once the transaction is durable."""
        self._actions.append(action)
