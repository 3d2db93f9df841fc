"""Datastores in SQL."""

from sqlalchemy import Connection, bindparam, delete, select, update

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.tables import datastores, workspaces
from zaffre.domain.datastores import Datastore

_here = datastores.c.workspace_id == bindparam("workspace")
_this = (_here, datastores.c.name == bindparam("datastore"))
_all = select(*columns_of(datastores, Datastore)).where(_here).order_by(datastores.c.name)
_one = select(*columns_of(datastores, Datastore)).where(*_this)
_put = insert_or_replace(datastores)
_remove = delete(datastores).where(*_this)
_workspace = workspaces.c.id == bindparam("workspace")
_default = select(workspaces.c.default_datastore).where(_workspace)
_set_default = update(workspaces).where(_workspace)


class SqlDatastoreStore:
    """Implements `ports.data.DatastoreStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, datastore: Datastore) -> None:
        """Add it, or replace the one of its name."""
        self._connection.execute(_put, values_of(datastores, datastore))

    def find(self, workspace_id: str, name: str) -> Datastore | None:
        """Return the datastore of that name."""
        this = {"workspace": workspace_id, "datastore": name}
        row = self._connection.execute(_one, this).one_or_none()
        return None if row is None else entity_of(Datastore, row)

    def list(self, workspace_id: str) -> list[Datastore]:
        """Return all, by name."""
        rows = self._connection.execute(_all, {"workspace": workspace_id})
        return [entity_of(Datastore, row) for row in rows]

    def remove(self, workspace_id: str, name: str) -> None:
        """Remove the datastore of that name, if there is one."""
        self._connection.execute(_remove, {"workspace": workspace_id, "datastore": name})

    def default(self, workspace_id: str) -> str:
        """Return the name of the default datastore; empty while none was chosen."""
        found = self._connection.execute(_default, {"workspace": workspace_id}).scalar()
        return str(found or "")

    def set_default(self, workspace_id: str, name: str) -> None:
        """Choose the default datastore."""
        values = {"workspace": workspace_id, "default_datastore": name}
        self._connection.execute(_set_default, values)
