"""The nouns of one workspace on its server, with errors as v1 names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core._errors import guarded
from azureml.exceptions import (
    ComputeTargetException,
    ExperimentExecutionException,
    ModelNotFoundException,
    UserErrorException,
    WebserviceException,
    WorkspaceException,
)
from zaffre_sdk.tracking.leftovers import send_leftovers

if TYPE_CHECKING:
    from zaffre_sdk.client import Client


class Nouns:
    """What can be asked of the server about one workspace.

    Attributes:
        workspace_id: The workspace.
        url: Where the server is.
    """

    def __init__(self, client: Client, workspace_id: str) -> None:
        workspace = client.workspace(workspace_id)
        self.client = client
        self.workspace = workspace
        self.workspace_id = workspace_id
        self.workspaces = guarded(client.workspaces, WorkspaceException)
        self.experiments = guarded(workspace.experiments, ExperimentExecutionException)
        self.runs = guarded(workspace.runs, ExperimentExecutionException)
        self.metrics = guarded(workspace.metrics, ExperimentExecutionException)
        self.artifacts = guarded(workspace.artifacts, UserErrorException)
        self.logs = guarded(workspace.logs, ExperimentExecutionException)
        self.snapshots = guarded(workspace.snapshots, ExperimentExecutionException)
        self.environments = guarded(workspace.environments, UserErrorException)
        self.models = guarded(workspace.models, ModelNotFoundException)
        self.secrets = guarded(workspace.secrets, UserErrorException)
        self.endpoints = guarded(workspace.endpoints, WebserviceException)
        self.datastores = guarded(workspace.datastores, UserErrorException)
        self.datasets = guarded(workspace.datasets, UserErrorException)
        self.computes = guarded(
            workspace.computes, ComputeTargetException, invalid=ComputeTargetException
        )
        # Names of compute targets that were there, so that not every run looks for its target.
        self.seen_computes: set[str] = set()
        send_leftovers(workspace)

    @property
    def url(self) -> str:
        """Where the server is now."""
        return self.client.url

    def page(self, path: str) -> str:
        """Return the address of a page of the studio about this workspace."""
        return f"{self.url}/studio/workspaces/{self.workspace_id}/{path}"


def nouns_of(workspace: Any) -> Nouns:
    """Return the nouns of a `Workspace`.

    Raises:
        UserErrorException: It is something else.
    """
    found = getattr(workspace, "_nouns", None)
    if not isinstance(found, Nouns):
        raise UserErrorException(
            f"`workspace` must be a Workspace, not {workspace!r} ({type(workspace).__name__})."
        )
    return found
