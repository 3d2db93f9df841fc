"""Workspaces between the wire and the domain."""

from zaffre_sdk.wire.workspaces import WorkspaceIn, WorkspaceOut

from zaffre.domain.workspaces import Workspace
from zaffre.protocols.native.translate.words import from_time
from zaffre.services.workspaces import NewWorkspace


def to_new_workspace(wire: WorkspaceIn) -> NewWorkspace:
    """Return what the caller says of a workspace to be."""
    return NewWorkspace(
        name=wire.name,
        subscription_id=wire.subscription_id,
        resource_group=wire.resource_group,
        location=wire.location,
        friendly_name=wire.friendly_name,
        description=wire.description,
        tags=wire.tags,
    )


def from_workspace(workspace: Workspace) -> WorkspaceOut:
    """Return the workspace as clients see it."""
    return WorkspaceOut(
        id=workspace.id,
        name=workspace.name,
        subscription_id=workspace.subscription_id,
        resource_group=workspace.resource_group,
        location=workspace.location,
        friendly_name=workspace.friendly_name,
        description=workspace.description,
        tags=workspace.tags,
        created_at=from_time(workspace.created_at),
    )
