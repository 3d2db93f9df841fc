"""Versions of models in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from zaffre.adapters.sql.rows import columns_of, values_of
from zaffre.adapters.sql.stores.doomed import doom
from zaffre.adapters.sql.stores.files import add_files, chunks, files_of
from zaffre.adapters.sql.stores.model_search import narrowed, ordered
from zaffre.adapters.sql.stores.pages import key_of
from zaffre.adapters.sql.tables import model_aliases, model_files, model_names, models
from zaffre.domain.errors import missing
from zaffre.domain.models import Model, ModelStage
from zaffre.ports.registry import ModelField, ModelSearch

_bare = select(*columns_of(models, Model)).where(models.c.workspace_id == bindparam("workspace"))
_select = _bare.add_columns(models.c.key)
_by_id = _select.where(models.c.id == bindparam("id"))
_by_name = _select.where(models.c.name == bindparam("name"))
_by_version = _by_name.where(models.c.version == bindparam("version"))
_newest = _by_name.order_by(models.c.key.desc()).limit(1)
_newest_keys = (
    select(func.max(models.c.key))
    .where(models.c.workspace_id == bindparam("workspace"))
    .group_by(models.c.name)
)
_newest_of_stages = (
    select(models.c.name, models.c.stage, func.max(models.c.version).label("version"))
    .where(
        models.c.workspace_id == bindparam("workspace"),
        models.c.name.in_(bindparam("names", expanding=True)),
    )
    .group_by(models.c.name, models.c.stage)
    .subquery()
)
_newest_by_stage = _bare.join(
    _newest_of_stages,
    and_(
        models.c.name == _newest_of_stages.c.name,
        models.c.stage == _newest_of_stages.c.stage,
        models.c.version == _newest_of_stages.c.version,
    ),
).order_by(models.c.name, models.c.stage)
_in_stage = _bare.where(
    models.c.name == bindparam("name"), models.c.stage == bindparam("stage")
).order_by(models.c.version)
_this = (models.c.workspace_id == bindparam("workspace"), models.c.id == bindparam("this_id"))
_files_of_this = (
    select(model_files.c.digest, model_files.c.size)
    .join(models, models.c.key == model_files.c.owner_key)
    .where(*_this)
)
_save = update(models).where(*_this)
_remove = delete(models).where(*_this)
_remove_aliases = delete(model_aliases).where(
    model_aliases.c.workspace_id == bindparam("workspace"),
    model_aliases.c.name == bindparam("this_name"),
    model_aliases.c.version == bindparam("this_version"),
)
_insert = insert(models).returning(models.c.key)
_first_version = sqlite.insert(model_names).values(last_version=1)
_removed = model_names.c.removed_at.is_not(None)
_next_version = _first_version.on_conflict_do_update(
    index_elements=list(model_names.primary_key.columns),
    set_={
        "last_version": model_names.c.last_version + 1,
        "updated_at": _first_version.excluded.updated_at,
        # A name that was removed begins anew, but for its numbers.
        "created_at": case(
            (_removed, _first_version.excluded.created_at), else_=model_names.c.created_at
        ),
        "removed_at": None,
    },
).returning(model_names.c.last_version)
_is_prompt = exists(
    select(literal(1)).where(
        model_names.c.workspace_id == models.c.workspace_id,
        model_names.c.name == models.c.name,
        model_names.c.is_prompt,
    )
)
_COLUMNS = {
    ModelField.NAME: models.c.name,
    ModelField.VERSION: models.c.version,
    ModelField.RUN_ID: models.c.run_id,
    ModelField.SOURCE: models.c.source,
    ModelField.CREATED: models.c.created_at,
    ModelField.UPDATED: models.c.updated_at,
}


class SqlModelStore:
    """Implements `ports.registry.ModelStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, model: Model) -> Model:
        """Add a version and return it with its number."""
        name = {
            "workspace_id": model.workspace_id,
            "name": model.name,
            "created_at": model.created_at,
            "updated_at": model.created_at,
        }
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
        statement = _newest
        if version is not None:
            statement, this["version"] = _by_version, version
        row = self._connection.execute(statement, this).mappings().one_or_none()
        return None if row is None else self._loaded([row])[0]

    def list(  # noqa: PLR0913 - one parameter for each filter
        self,
        workspace_id: str,
        *,
        name: str | None = None,
        run_id: str | None = None,
        newest_only: bool = False,
        prompts: bool = True,
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
        if not prompts:
            statement = statement.where(~_is_prompt)
        if after is not None:
            last = key_of(self._connection, models, workspace_id, after)
            statement = statement.where(models.c.key < last)
        rows = self._connection.execute(statement, {"workspace": workspace_id})
        return [*self._loaded(rows.mappings())]

    def search(self, workspace_id: str, search: ModelSearch) -> Sequence[Model]:
        """Return versions without their files, those changed last first unless ordered."""
        statement = narrowed(_bare, _COLUMNS, models.c.tags, search.conditions)
        if not search.prompts:
            statement = statement.where(~_is_prompt)
        columns = [models.c.name, models.c.version.desc()]
        if not search.order:
            columns = [models.c.updated_at.desc(), *columns]
        statement = ordered(statement, _COLUMNS, search.order).order_by(*columns)
        return self._bare(
            statement.limit(search.limit).offset(search.offset), {"workspace": workspace_id}
        )

    def newest_by_stage(self, workspace_id: str, names: Sequence[str]) -> Sequence[Model]:
        """Return the newest version of each name and stage, without files."""
        return [
            model
            for some in chunks(names)
            for model in self._bare(
                _newest_by_stage, {"workspace": workspace_id, "names": list(some)}
            )
        ]

    def in_stage(self, workspace_id: str, name: str, stage: ModelStage) -> Sequence[Model]:
        """Return the versions of that name in that stage, without files."""
        return self._bare(_in_stage, {"workspace": workspace_id, "name": name, "stage": stage})

    def save(self, model: Model) -> None:
        """Replace tags, properties, description, stage, datasets and the time of the change."""
        values = {
            "workspace": model.workspace_id,
            "this_id": model.id,
            "tags": model.tags,
            "properties": model.properties,
            "description": model.description,
            "stage": model.stage,
            "datasets": model.datasets,
            "updated_at": model.updated_at,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise missing("model", model.id)

    def remove(self, model: Model) -> None:
        """Remove this version and its aliases; its number is not given again."""
        this = {"workspace": model.workspace_id}
        lost = self._connection.execute(_files_of_this, this | {"this_id": model.id})
        doom(self._connection, lost.all())
        self._connection.execute(_remove, this | {"this_id": model.id})
        alias = {"this_name": model.name, "this_version": model.version}
        self._connection.execute(_remove_aliases, this | alias)

    def _bare(self, statement: "Select[Any]", values: dict[str, Any]) -> Sequence[Model]:
        rows = self._connection.execute(statement, values).mappings()
        return [Model(**row, files=()) for row in rows]

    def _loaded(self, rows: Iterable[RowMapping]) -> Sequence[Model]:
        found = {row["key"]: dict(row) for row in rows}
        files = files_of(self._connection, model_files, list(found))
        for values in found.values():
            values["files"] = files[values.pop("key")]
        return [Model(**values) for values in found.values()]
