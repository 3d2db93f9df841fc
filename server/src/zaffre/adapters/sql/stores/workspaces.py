"""Workspaces in SQL."""

import unicodedata

from sqlalchemy import Connection, bindparam, delete, select, update

from zaffre.adapters.sql.hot import HotSelect
from zaffre.adapters.sql.rows import columns_of, entity_of, insert_new, values_of
from zaffre.adapters.sql.tables import tokens, workspaces
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.workspaces import Workspace

_select = select(*columns_of(workspaces, Workspace))
_by_id = HotSelect(_select.where(workspaces.c.id == bindparam("id")))
_by_name = _select.where(
    workspaces.c.folded_subscription == bindparam("subscription"),
    workspaces.c.folded_group == bindparam("group"),
    workspaces.c.folded_name == bindparam("name"),
)
_all = _select.order_by(workspaces.c.folded_name, workspaces.c.name, workspaces.c.id)
_insert = insert_new(workspaces)
_save = update(workspaces).where(workspaces.c.id == bindparam("workspace"))
_remove = delete(workspaces).where(workspaces.c.id == bindparam("id"))
_remove_tokens = delete(tokens).where(tokens.c.workspace_id == bindparam("id"))


class SqlWorkspaceStore:
    """Implements `ports.stores.WorkspaceStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, workspace: Workspace) -> None:
        """Add it."""
        values = values_of(workspaces, workspace) | {
            "folded_subscription": _folded(workspace.subscription_id),
            "folded_group": _folded(workspace.resource_group),
            "folded_name": _folded(workspace.name),
        }
        if not self._connection.execute(_insert, values).rowcount:
            raise ConflictError(
                "WorkspaceExists",
                f"The resource group {shown(workspace.resource_group)} of the subscription"
                f" {shown(workspace.subscription_id)} has a workspace {shown(workspace.name)}.",
                target="name",
                hint="Use the one there is, or a name that differs by more than its case.",
            )

    def get(self, workspace_id: str) -> Workspace:
        """Return it."""
        found = _by_id.entity(Workspace, self._connection, {"id": workspace_id})
        if found is None:
            raise missing("workspace", workspace_id)
        return found

    def find(self, subscription_id: str, resource_group: str, name: str) -> Workspace | None:
        """Return the workspace of that name."""
        names = {
            "subscription": _folded(subscription_id),
            "group": _folded(resource_group),
            "name": _folded(name),
        }
        row = self._connection.execute(_by_name, names).one_or_none()
        return None if row is None else entity_of(Workspace, row)

    def list(self) -> list[Workspace]:
        """Return all, by name."""
        return [entity_of(Workspace, row) for row in self._connection.execute(_all)]

    def save(self, workspace: Workspace) -> None:
        """Replace what can change."""
        values = {
            "workspace": workspace.id,
            "location": workspace.location,
            "friendly_name": workspace.friendly_name,
            "description": workspace.description,
            "tags": workspace.tags,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise missing("workspace", workspace.id)

    def remove(self, workspace: Workspace) -> None:
        """Remove it with what only lives inside it."""
        self._connection.execute(_remove_tokens, {"id": workspace.id})
        self._connection.execute(_remove, {"id": workspace.id})


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
