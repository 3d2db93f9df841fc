"""Registered models in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import sqlite

from zaffre.adapters.sql.rows import columns_of, values_of
from zaffre.adapters.sql.stores.files import add_files, files_of
from zaffre.adapters.sql.stores.pages import key_of
from zaffre.adapters.sql.tables import model_files, model_names, models
from zaffre.domain.errors import missing
from zaffre.domain.models import Model

_select = select(models.c.key, *columns_of(models, Model)).where(
    models.c.workspace_id == bindparam("workspace")
)
_by_id = _select.where(models.c.id == bindparam("id"))
_by_name = _select.where(models.c.name == bindparam("name"))
_by_version = _by_name.where(models.c.version == bindparam("version"))
_newest = _by_name.order_by(models.c.key.desc()).limit(1)
_newest_keys = (
    select(func.max(models.c.key))
    .where(models.c.workspace_id == bindparam("workspace"))
    .group_by(models.c.name)
)
_this = (models.c.workspace_id == bindparam("workspace"), models.c.id == bindparam("this_id"))
_save = update(models).where(*_this)
_remove = delete(models).where(*_this)
_insert = insert(models).returning(models.c.key)
_first_version = sqlite.insert(model_names).values(last_version=1)
_next_version = _first_version.on_conflict_do_update(
    index_elements=list(model_names.primary_key.columns),
    set_={"last_version": model_names.c.last_version + 1},
).returning(model_names.c.last_version)


class SqlModelStore:
    """Implements `ports.stores.ModelStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, model: Model) -> Model:
        """Add a version and return it with its number."""
        name = {"workspace_id": model.workspace_id, "name": model.name}
        version = self._connection.execute(_next_version, name).scalar_one()
        added = replace(model, id=f"{model.name}:{version}", version=version)
        key = self._connection.execute(_insert, values_of(models, added)).scalar_one()
        add_files(self._connection, model_files, key, added.files)
        return added

    def get(self, workspace_id: str, model_id: str) -> Model:
        """Return it by its id."""
        this = {"workspace": workspace_id, "id": model_id}
        row = self._connection.execute(_by_id, this).mappings().one_or_none()
        if row is None:
            raise missing("model", model_id)
        return self._loaded([row])[0]

    def find(self, workspace_id: str, name: str, version: int | None) -> Model | None:
        """Return that version, or the newest."""
        this: dict[str, Any] = {"workspace": workspace_id, "name": name}
        if version is None:
            row = self._connection.execute(_newest, this).mappings().one_or_none()
        else:
            row = (
                self._connection.execute(_by_version, this | {"version": version})
                .mappings()
                .one_or_none()
            )
        return None if row is None else self._loaded([row])[0]

    def list(
        self,
        workspace_id: str,
        *,
        name: str | None = None,
        run_id: str | None = None,
        newest_only: bool = False,
        limit: int,
        after: str | None = None,
    ) -> list[Model]:
        """Return versions newest first, those older than the model id `after`."""
        statement = _select.order_by(models.c.key.desc()).limit(limit)
        if name is not None:
            statement = statement.where(models.c.name == name)
        if run_id is not None:
            statement = statement.where(models.c.run_id == run_id)
        if newest_only:
            statement = statement.where(models.c.key.in_(_newest_keys))
        if after is not None:
            last = key_of(self._connection, models, workspace_id, after)
            statement = statement.where(models.c.key < last)
        rows = self._connection.execute(statement, {"workspace": workspace_id})
        return [*self._loaded(rows.mappings())]

    def save(self, model: Model) -> None:
        """Replace tags, properties and description."""
        values = {
            "workspace": model.workspace_id,
            "this_id": model.id,
            "tags": model.tags,
            "properties": model.properties,
            "description": model.description,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise missing("model", model.id)

    def remove(self, model: Model) -> None:
        """Remove this version; its number is not given again."""
        this = {"workspace": model.workspace_id, "this_id": model.id}
        self._connection.execute(_remove, this)

    def _loaded(self, rows: Iterable[RowMapping]) -> Sequence[Model]:
        found = {row["key"]: dict(row) for row in rows}
        files = files_of(self._connection, model_files, list(found))
        for values in found.values():
            values["files"] = files[values.pop("key")]
        return [Model(**values) for values in found.values()]
