"""Workspaces over HTTP."""

from typing import Final

from litestar import delete, get, patch, post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.workspaces import (
    WorkspaceChange,
    WorkspaceIn,
    WorkspaceList,
    WorkspaceOut,
)

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call
from zaffre.protocols.native.translate.workspaces import from_workspace, to_new_workspace


@post("/workspaces", permission=Permission.WORKSPACES_WRITE)
async def create_workspace(call: Call, data: WorkspaceIn) -> WorkspaceOut:
    """Create a workspace, or with `exist_ok` answer the one of that name."""
    new = to_new_workspace(data)
    return await call.write_once(
        WorkspaceOut,
        lambda s: from_workspace(s.workspaces.create(new, exist_ok=data.exist_ok)),
    )


@get("/workspaces", permission=Permission.WORKSPACES_READ)
async def list_workspaces(
    call: Call,
    subscription_id: str | None = None,
    resource_group: str | None = None,
    name: str | None = None,
) -> WorkspaceList:
    """List the workspaces that the caller sees, by name."""
    found = await call.read(
        lambda s: s.workspaces.list(
            caller=call.caller,
            subscription_id=subscription_id,
            resource_group=resource_group,
            name=name,
        )
    )
    return WorkspaceList(value=[from_workspace(workspace) for workspace in found])


@get("/workspaces/{workspace:str}", permission=Permission.WORKSPACES_READ)
async def show_workspace(call: Call, workspace: str) -> WorkspaceOut:
    """Answer a workspace."""
    return from_workspace(
        await call.read(lambda s: s.workspaces.get(workspace, caller=call.caller))
    )


@patch("/workspaces/{workspace:str}", permission=Permission.WORKSPACES_WRITE)
async def change_workspace(call: Call, workspace: str, data: WorkspaceChange) -> WorkspaceOut:
    """Change what is given; tags are replaced as a whole."""
    changed = await call.write(
        lambda s: s.workspaces.change(
            workspace,
            caller=call.caller,
            friendly_name=data.friendly_name,
            description=data.description,
            tags=data.tags,
        )
    )
    return from_workspace(changed)


@delete("/workspaces/{workspace:str}", permission=Permission.WORKSPACES_WRITE)
async def delete_workspace(call: Call, workspace: str) -> None:
    """Delete an empty workspace, with the files of the datastores that came with it."""
    await call.write(lambda s: s.workspaces.delete(workspace, caller=call.caller))
    await call.house.eraser.erase_workspace(workspace)


ROUTES: Final[list[ControllerRouterHandler]] = [
    create_workspace,
    list_workspaces,
    show_workspace,
    change_workspace,
    delete_workspace,
]
