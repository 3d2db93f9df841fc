"""Compute targets in SQL."""

from sqlalchemy import Connection, bindparam, delete, select

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.tables import computes
from zaffre.domain.computes import RUNNING_KINDS, Compute

_select = select(*columns_of(computes, Compute))
_here = computes.c.workspace_id == bindparam("workspace")
_this = (_here, computes.c.name == bindparam("compute"))
_all = _select.where(_here).order_by(computes.c.name)
_one = _select.where(*_this)
_running = _select.where(computes.c.kind.in_(sorted(RUNNING_KINDS))).order_by(
    computes.c.workspace_id, computes.c.name
)
_put = insert_or_replace(computes)
_remove = delete(computes).where(*_this)


class SqlComputeStore:
    """Implements `ports.computes.ComputeStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, compute: Compute) -> None:
        """Add it, or replace the one of its name."""
        self._connection.execute(_put, values_of(computes, compute))

    def find(self, workspace_id: str, name: str) -> Compute | None:
        """Return the target of that name."""
        this = {"workspace": workspace_id, "compute": name}
        row = self._connection.execute(_one, this).one_or_none()
        return None if row is None else entity_of(Compute, row)

    def executing(self) -> list[Compute]:
        """Return those of every workspace where runs may execute."""
        return [entity_of(Compute, row) for row in self._connection.execute(_running)]

    def list(self, workspace_id: str) -> list[Compute]:
        """Return all, by name."""
        rows = self._connection.execute(_all, {"workspace": workspace_id})
        return [entity_of(Compute, row) for row in rows]

    def remove(self, workspace_id: str, name: str) -> None:
        """Remove the target of that name, if there is one."""
        self._connection.execute(_remove, {"workspace": workspace_id, "compute": name})
