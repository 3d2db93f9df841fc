"""Finding a workspace on the server that the program talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml.core._errors import guarded, translate
from azureml.exceptions import UserErrorException, WorkspaceException
from zaffre_sdk.client import connect
from zaffre_sdk.errors import SdkError

if TYPE_CHECKING:
    from zaffre_sdk.client import Client
    from zaffre_sdk.wire.workspaces import WorkspaceOut


def connected() -> Client:
    """Return a client; raises `WorkspaceException` when there is no server."""
    try:
        return connect()
    except SdkError as error:
        raise translate(error, WorkspaceException) from error


def find(
    client: Client, subscription_id: str | None, resource_group: str | None, name: str
) -> WorkspaceOut:
    """Return the workspace of that name.

    Raises:
        WorkspaceException: There is none, or several; lists what exists.
    """
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"The name of a workspace is text, not {name!r}.")
    workspaces = guarded(client.workspaces, WorkspaceException)
    found = workspaces.list(
        subscription_id=subscription_id, resource_group=resource_group, name=name
    )
    if len(found) == 1:
        return found[0]
    every = "\n".join(_line(one) for one in found or workspaces.list()) or "none at all"
    if found:
        raise WorkspaceException(
            f"Several workspaces are called `{name}`; name the subscription and the resource "
            f"group:\n{every}",
            found_multiple=True,
        )
    where = " / ".join(one for one in (subscription_id, resource_group, name) if one)
    raise WorkspaceException(
        f"There is no workspace `{where}` at {client.url}.\nWhat exists: {every}\n"
        "`Workspace.create(…, exist_ok=True)` makes one.",
        code="NotFound",
    )


def _line(one: WorkspaceOut) -> str:
    return f"`{one.subscription_id} / {one.resource_group} / {one.name}`"
