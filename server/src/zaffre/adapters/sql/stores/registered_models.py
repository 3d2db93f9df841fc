"""Registered models, the names of versions, in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    Connection,
    RowMapping,
    Text,
    bindparam,
    case,
    cast,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from zaffre.adapters.sql.rows import columns_of
from zaffre.adapters.sql.stores.doomed import doom
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.model_search import narrowed, ordered
from zaffre.adapters.sql.tables import model_aliases, model_files, model_names, models
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.models import RegisteredModel
from zaffre.ports.registry import ModelField, ModelSearch

_select = select(*columns_of(model_names, RegisteredModel)).where(
    model_names.c.workspace_id == bindparam("workspace"), model_names.c.removed_at.is_(None)
)
_by_names = _select.where(model_names.c.name.in_(bindparam("names", expanding=True)))
_aliases = select(model_aliases.c.name, model_aliases.c.alias, model_aliases.c.version).where(
    model_aliases.c.workspace_id == bindparam("workspace"),
    model_aliases.c.name.in_(bindparam("names", expanding=True)),
)
_first = sqlite.insert(model_names)
_add = _first.on_conflict_do_update(
    index_elements=list(model_names.primary_key.columns),
    # What a removed name leaves is the last number that it gave out.
    set_={
        "last_version": case(
            (
                model_names.c.last_version > _first.excluded.last_version,
                model_names.c.last_version,
            ),
            else_=_first.excluded.last_version,
        ),
        **{
            column: _first.excluded[column]
            for column in ("description", "tags", "created_at", "updated_at", "is_prompt")
        },
        "removed_at": None,
    },
    where=model_names.c.removed_at.is_not(None),
).returning(model_names.c.last_version)
_this = (
    model_names.c.workspace_id == bindparam("workspace"),
    model_names.c.name == bindparam("this_name"),
)
_save = update(model_names).where(*_this, model_names.c.removed_at.is_(None))
_bury = update(model_names).where(*_this)
_skip = (
    update(model_names)
    .where(*_this, model_names.c.last_version < bindparam("least"))
    .values(last_version=bindparam("least"))
)
_aliases_of = (
    model_aliases.c.workspace_id == bindparam("workspace"),
    model_aliases.c.name == bindparam("this_name"),
)
_remove_aliases = delete(model_aliases).where(*_aliases_of)
_add_aliases = insert(model_aliases)
_versions_of = (
    models.c.workspace_id == bindparam("workspace"),
    models.c.name == bindparam("this_name"),
)
_files_of_versions = (
    select(model_files.c.digest, model_files.c.size)
    .join(models, models.c.key == model_files.c.owner_key)
    .where(*_versions_of)
)
_remove_versions = delete(models).where(*_versions_of)
_new_name = bindparam("new_name", type_=Text)
_move_versions = (
    update(models)
    .where(*_versions_of)
    .values(
        name=_new_name,
        id=_new_name + ":" + cast(models.c.version, Text),
        updated_at=bindparam("moved_at"),
    )
)
_COLUMNS = {
    ModelField.NAME: model_names.c.name,
    ModelField.CREATED: model_names.c.created_at,
    ModelField.UPDATED: model_names.c.updated_at,
}


class SqlRegisteredModelStore:
    """Implements `ports.registry.RegisteredModelStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, model: RegisteredModel) -> RegisteredModel:
        """Add it and return it with its last number."""
        values = {
            "workspace_id": model.workspace_id,
            "name": model.name,
            "last_version": model.last_version,
            "description": model.description,
            "tags": model.tags,
            "created_at": model.created_at,
            "updated_at": model.updated_at,
            "is_prompt": model.is_prompt,
        }
        if self._connection.execute(_add, values).scalar_one_or_none() is None:
            raise ConflictError(
                "ModelExists",
                f"Registered Model (name={model.name}) already exists.",
                target="name",
                hint="Add a version to it, or use another name.",
            )
        return self.get(model.workspace_id, model.name)

    def get(self, workspace_id: str, name: str) -> RegisteredModel:
        """Return it."""
        found = self.find(workspace_id, name)
        if found is None:
            raise missing("model", name)
        return found

    def find(self, workspace_id: str, name: str) -> RegisteredModel | None:
        """Return the registered model of that name."""
        return self.named(workspace_id, [name]).get(name)

    def named(self, workspace_id: str, names: Iterable[str]) -> dict[str, RegisteredModel]:
        """Return those of the names that there are."""
        found: dict[str, RegisteredModel] = {}
        for some in chunks(list(names)):
            values = {"workspace": workspace_id, "names": list(some)}
            rows = self._connection.execute(_by_names, values).mappings().all()
            found |= {model.name: model for model in self._loaded(workspace_id, rows)}
        return found

    def search(self, workspace_id: str, search: ModelSearch) -> list[RegisteredModel]:
        """Return them by name unless ordered."""
        statement = narrowed(_select, _COLUMNS, model_names.c.tags, search.conditions)
        if not search.prompts:
            statement = statement.where(~model_names.c.is_prompt)
        statement = ordered(statement, _COLUMNS, search.order).order_by(model_names.c.name)
        rows = self._connection.execute(
            statement.limit(search.limit).offset(search.offset), {"workspace": workspace_id}
        )
        return self._loaded(workspace_id, rows.mappings().all())

    def save(self, model: RegisteredModel) -> None:
        """Replace description, tags, aliases and the time of the last change."""
        values = {
            "workspace": model.workspace_id,
            "this_name": model.name,
            "description": model.description,
            "tags": model.tags,
            "is_prompt": model.is_prompt,
            "updated_at": model.updated_at,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise missing("model", model.name)
        self._set_aliases(model, model.aliases)

    def skip_to(self, model: RegisteredModel, version: int) -> None:
        """Give out no number up to that one any more."""
        this = {"workspace": model.workspace_id, "this_name": model.name, "least": version}
        self._connection.execute(_skip, this)

    def rename(self, model: RegisteredModel, new: RegisteredModel) -> None:
        """Move it and its versions to the name of `new`."""
        self.add(new)
        this = {"workspace": model.workspace_id, "this_name": model.name}
        self._set_aliases(model, {})
        self._set_aliases(new, new.aliases)
        moved = {"new_name": new.name, "moved_at": new.updated_at}
        self._connection.execute(_move_versions, this | moved)
        self._bury(model, new.updated_at)

    def remove(self, model: RegisteredModel) -> None:
        """Remove it with its versions and aliases."""
        this = {"workspace": model.workspace_id, "this_name": model.name}
        self._set_aliases(model, {})
        doom(self._connection, self._connection.execute(_files_of_versions, this).all())
        self._connection.execute(_remove_versions, this)
        self._bury(model, model.updated_at)

    def _bury(self, model: RegisteredModel, at: datetime) -> None:
        values = {
            "workspace": model.workspace_id,
            "this_name": model.name,
            "description": "",
            "tags": {},
            "is_prompt": False,
            "removed_at": at,
        }
        self._connection.execute(_bury, values)

    def _set_aliases(self, model: RegisteredModel, aliases: Mapping[str, int]) -> None:
        this = {"workspace": model.workspace_id, "this_name": model.name}
        self._connection.execute(_remove_aliases, this)
        rows = [
            {
                "workspace_id": model.workspace_id,
                "name": model.name,
                "alias": alias,
                "version": version,
            }
            for alias, version in aliases.items()
        ]
        if rows:
            self._connection.execute(_add_aliases, rows)

    def _loaded(self, workspace_id: str, rows: Sequence[RowMapping]) -> list[RegisteredModel]:
        aliases: dict[str, dict[str, int]] = {row["name"]: {} for row in rows}
        for some in chunks(list(aliases)):
            values = {"workspace": workspace_id, "names": list(some)}
            for name, alias, version in self._connection.execute(_aliases, values):
                aliases[name][alias] = version
        return [RegisteredModel(**row, aliases=aliases[row["name"]]) for row in rows]
