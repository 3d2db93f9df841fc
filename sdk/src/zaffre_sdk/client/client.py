"""The client: what one can ask of a server, noun by noun."""

from __future__ import annotations

from zaffre_sdk.client.artifacts import Artifacts
from zaffre_sdk.client.blobs import Blobs
from zaffre_sdk.client.computes import Computes
from zaffre_sdk.client.datasets import Datasets
from zaffre_sdk.client.datastores import Datastores
from zaffre_sdk.client.endpoints import Endpoints
from zaffre_sdk.client.environments import BuiltEnvironments, Environments
from zaffre_sdk.client.experiments import Experiments
from zaffre_sdk.client.imports import Imports
from zaffre_sdk.client.logs import Logs
from zaffre_sdk.client.metrics import Metrics
from zaffre_sdk.client.models import Models
from zaffre_sdk.client.runs import Runs
from zaffre_sdk.client.secrets import Secrets
from zaffre_sdk.client.snapshots import Snapshots
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.client.workspaces import Workspaces
from zaffre_sdk.wire.server import ServerOut, StudioLinkOut


class Client:
    """A server.

    Example:
        >>> client = connect()
        >>> found = client.workspaces.list()
        >>> workspace = client.workspace(found[0].id)

    Attributes:
        transport: What carries the requests.
        workspaces: The workspaces of the server.
        built_environments: What lies built on its machine.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.workspaces = Workspaces(transport)
        self.built_environments = BuiltEnvironments(transport)

    @property
    def url(self) -> str:
        """Where the server is now."""
        return self.transport.url

    def server(self) -> ServerOut:
        """Return what the server says of itself."""
        return self.transport.call("GET", "/api/v1/server", answer=ServerOut)

    def studio_link(self, page: str = "/studio") -> str:
        """Return a link that logs one browser in, once, and shows `page` of the studio."""
        return self.transport.call(
            "POST", "/studio/links", query={"page": page}, answer=StudioLinkOut
        ).url

    def workspace(self, workspace_id: str) -> WorkspaceClient:
        """Return the nouns of one workspace, without asking whether it exists."""
        return WorkspaceClient(self.transport, workspace_id)


class WorkspaceClient:
    """One workspace of a server; cheap to make, safe to share between threads.

    Attributes:
        id: The workspace.
    """

    def __init__(self, transport: Transport, workspace_id: str) -> None:
        root = f"/api/v1/workspaces/{workspace_id}"
        self.id = workspace_id
        self.transport = transport
        self.experiments = Experiments(transport, root)
        self.runs = Runs(transport, root)
        self.metrics = Metrics(transport, root)
        self.artifacts = Artifacts(transport, root)
        self.logs = Logs(transport, root)
        self.blobs = Blobs(transport, root)
        self.snapshots = Snapshots(transport, root, self.blobs)
        self.environments = Environments(transport, root, self.blobs)
        self.models = Models(transport, root, self.blobs)
        self.imports = Imports(transport, root)
        self.endpoints = Endpoints(transport, root)
        self.secrets = Secrets(transport, root)
        self.datastores = Datastores(transport, root)
        self.datasets = Datasets(transport, root)
        self.computes = Computes(transport, root)
