"""The workspaces of a server."""

from __future__ import annotations

from collections.abc import Sequence

from zaffre_sdk.client.transport import Transport
from zaffre_sdk.wire.workspaces import WorkspaceChange, WorkspaceIn, WorkspaceList, WorkspaceOut

_ROOT = "/api/v1/workspaces"


class Workspaces:
    """Create and find workspaces."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, workspace: WorkspaceIn) -> WorkspaceOut:
        """Create a workspace.

        Raises:
            ConflictError: It exists, and `exist_ok` is not set.
        """
        return self._transport.call("POST", _ROOT, answer=WorkspaceOut, body=workspace)

    def list(
        self,
        *,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        name: str | None = None,
    ) -> Sequence[WorkspaceOut]:
        """Return the workspaces that the caller may see, by name."""
        query = {
            "subscription_id": subscription_id,
            "resource_group": resource_group,
            "name": name,
        }
        return self._transport.call("GET", _ROOT, answer=WorkspaceList, query=query).value

    def find(self, subscription_id: str, resource_group: str, *, name: str) -> WorkspaceOut | None:
        """Return the workspace of this name, or None."""
        found = self.list(
            subscription_id=subscription_id, resource_group=resource_group, name=name
        )
        return next((workspace for workspace in found), None)

    def get(self, workspace_id: str) -> WorkspaceOut:
        """Return a workspace.

        Raises:
            NotFoundError: There is none, or none for the caller.
        """
        return self._transport.call("GET", f"{_ROOT}/{workspace_id}", answer=WorkspaceOut)

    def change(self, workspace_id: str, change: WorkspaceChange) -> WorkspaceOut:
        """Change what is given; leave the rest."""
        path = f"{_ROOT}/{workspace_id}"
        return self._transport.call("PATCH", path, answer=WorkspaceOut, body=change)

    def delete(self, workspace_id: str) -> None:
        """Delete a workspace with everything in it."""
        self._transport.delete(f"{_ROOT}/{workspace_id}")
