"""Secrets in SQL."""

from sqlalchemy import Connection, bindparam, delete, select

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.tables import secrets
from zaffre.domain.secrets import Secret

_here = secrets.c.workspace_id == bindparam("workspace")
_this = (_here, secrets.c.name == bindparam("secret"))
_all = select(*columns_of(secrets, Secret)).where(_here).order_by(secrets.c.name)
_one = select(*columns_of(secrets, Secret)).where(*_this)
_put = insert_or_replace(secrets)
_remove = delete(secrets).where(*_this)


class SqlSecretStore:
    """Implements `ports.stores.SecretStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, secret: Secret) -> None:
        """Add it, or replace the one of its name."""
        self._connection.execute(_put, values_of(secrets, secret))

    def find(self, workspace_id: str, name: str) -> Secret | None:
        """Return the secret of that name."""
        this = {"workspace": workspace_id, "secret": name}
        row = self._connection.execute(_one, this).one_or_none()
        return None if row is None else entity_of(Secret, row)

    def list(self, workspace_id: str) -> list[Secret]:
        """Return all, by name."""
        rows = self._connection.execute(_all, {"workspace": workspace_id})
        return [entity_of(Secret, row) for row in rows]

    def remove(self, workspace_id: str, name: str) -> None:
        """Remove the secret of that name, if there is one."""
        self._connection.execute(_remove, {"workspace": workspace_id, "secret": name})
