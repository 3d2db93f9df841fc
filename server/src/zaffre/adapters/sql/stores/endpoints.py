"""Endpoints and their keys in SQL."""

from sqlalchemy import Connection, bindparam, delete, select, update

from zaffre.adapters.sql.rows import (
    columns_of,
    entity_of,
    insert_new,
    insert_or_replace,
    values_of,
)
from zaffre.adapters.sql.tables import endpoint_keys, endpoints
from zaffre.base.text import shown
from zaffre.domain.endpoints import Endpoint
from zaffre.domain.errors import ConflictError, missing

_FIXED = frozenset({"id", "workspace_id", "name", "created_by", "created_at"})
_select = select(*columns_of(endpoints, Endpoint))
_by_name = _select.where(
    endpoints.c.workspace_id == bindparam("workspace"), endpoints.c.name == bindparam("name")
)
_list = _select.order_by(endpoints.c.name, endpoints.c.id)
_insert = insert_new(endpoints)
_save = update(endpoints).where(endpoints.c.id == bindparam("endpoint"))
_remove = delete(endpoints).where(endpoints.c.id == bindparam("endpoint"))
_keys = select(endpoint_keys.c.primary_key, endpoint_keys.c.secondary_key).where(
    endpoint_keys.c.endpoint_id == bindparam("endpoint")
)
_set_keys = insert_or_replace(endpoint_keys)


class SqlEndpointStore:
    """Implements `ports.stores.EndpointStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, endpoint: Endpoint, keys: tuple[str, str]) -> None:
        """Add it with its keys."""
        if not self._connection.execute(_insert, values_of(endpoints, endpoint)).rowcount:
            raise ConflictError(
                "EndpointExists",
                f"The workspace has an endpoint {shown(endpoint.name)}.",
                target="name",
                hint="Pass `overwrite=True`, delete it first, or use another name.",
            )
        self.set_keys(endpoint, keys)

    def get(self, workspace_id: str, name: str) -> Endpoint:
        """Return it."""
        found = self.find(workspace_id, name)
        if found is None:
            raise missing("endpoint", name)
        return found

    def find(self, workspace_id: str, name: str) -> Endpoint | None:
        """Return the endpoint of that name."""
        this = {"workspace": workspace_id, "name": name}
        row = self._connection.execute(_by_name, this).one_or_none()
        return None if row is None else entity_of(Endpoint, row)

    def list(self, workspace_id: str | None) -> list[Endpoint]:
        """Return those of a workspace, or of all for the engine, by name."""
        statement = _list
        if workspace_id is not None:
            statement = statement.where(endpoints.c.workspace_id == workspace_id)
        return [entity_of(Endpoint, row) for row in self._connection.execute(statement)]

    def save(self, endpoint: Endpoint) -> None:
        """Replace what can change."""
        values = {
            name: value
            for name, value in values_of(endpoints, endpoint).items()
            if name not in _FIXED
        }
        saved = self._connection.execute(_save, values | {"endpoint": endpoint.id})
        if not saved.rowcount:
            raise missing("endpoint", endpoint.name)

    def remove(self, endpoint: Endpoint) -> None:
        """Remove it with its keys."""
        self._connection.execute(_remove, {"endpoint": endpoint.id})

    def keys(self, endpoint: Endpoint) -> tuple[str, str]:
        """Return the primary and the secondary key."""
        row = self._connection.execute(_keys, {"endpoint": endpoint.id}).one_or_none()
        if row is None:
            raise missing("endpoint", endpoint.name)
        return row.primary_key, row.secondary_key

    def set_keys(self, endpoint: Endpoint, keys: tuple[str, str]) -> None:
        """Replace both keys."""
        primary, secondary = keys
        self._connection.execute(
            _set_keys,
            {"endpoint_id": endpoint.id, "primary_key": primary, "secondary_key": secondary},
        )
