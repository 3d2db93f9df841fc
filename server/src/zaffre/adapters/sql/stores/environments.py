"""Registered environments in SQL."""

from sqlalchemy import Connection, bindparam, func, select

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_new, values_of
from zaffre.adapters.sql.tables import environments
from zaffre.base.text import shown
from zaffre.domain.environments import Environment
from zaffre.domain.errors import ConflictError

_select = select(*columns_of(environments, Environment)).where(
    environments.c.workspace_id == bindparam("workspace")
)
_by_name = _select.where(environments.c.name == bindparam("name"))
_by_version = _by_name.where(environments.c.version == bindparam("version"))
_newest = _by_name.order_by(environments.c.key.desc()).limit(1)
_newest_keys = (
    select(func.max(environments.c.key))
    .where(environments.c.workspace_id == bindparam("workspace"))
    .group_by(environments.c.name)
)
_list = _select.where(environments.c.key.in_(_newest_keys)).order_by(environments.c.name)
_insert = insert_new(environments)


class SqlEnvironmentStore:
    """Implements `ports.stores.EnvironmentStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, environment: Environment) -> None:
        """Add a version."""
        if not self._connection.execute(_insert, values_of(environments, environment)).rowcount:
            raise ConflictError(
                "EnvironmentExists",
                f"The environment {shown(environment.name)} has a version"
                f" {shown(environment.version)}.",
                target="version",
                hint="Versions do not change. Register another one.",
            )

    def find(self, workspace_id: str, name: str, version: str | None) -> Environment | None:
        """Return that version, or the newest."""
        this = {"workspace": workspace_id, "name": name}
        if version is None:
            row = self._connection.execute(_newest, this).one_or_none()
        else:
            row = self._connection.execute(_by_version, this | {"version": version}).one_or_none()
        return None if row is None else entity_of(Environment, row)

    def list(self, workspace_id: str) -> list[Environment]:
        """Return the newest version of each, by name."""
        rows = self._connection.execute(_list, {"workspace": workspace_id})
        return [entity_of(Environment, row) for row in rows]
