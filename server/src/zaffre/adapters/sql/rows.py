"""From entities to rows and back: a column has the name of the field that it holds."""

from dataclasses import fields
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Column, Insert, Row, Table
from sqlalchemy.dialects import sqlite


class Entity(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


E = TypeVar("E", bound=Entity)


def columns_of(table: Table, entity: type[Entity]) -> "list[Column[Any]]":
    """Return the columns that hold fields of the entity."""
    return [table.c[name] for name in _shared(table, entity)]


def values_of(table: Table, entity: Entity) -> dict[str, Any]:
    """Return what the row of the entity holds."""
    return {name: getattr(entity, name) for name in _shared(table, type(entity))}


def entity_of(entity: type[E], row: "Row[Any]") -> E:
    """Return the entity of a row that has all its columns."""
    return entity(**row._mapping)  # noqa: SLF001 - the documented way to the names of a row


def insert_new(table: Table) -> Insert:
    """Return an INSERT that leaves an equal row alone; its row count tells which it was."""
    return sqlite.insert(table).on_conflict_do_nothing()


def insert_or_replace(table: Table, *, by: tuple[str, ...] = ()) -> Insert:
    """Return an INSERT that replaces all other columns of an equal row.

    Args:
        table: Where to insert.
        by: The unique columns that make rows equal; those of the primary key when empty.
    """
    statement = sqlite.insert(table)
    primary = set(table.primary_key.columns)
    key = [table.c[name] for name in by] or list(table.primary_key.columns)
    kept = primary | set(key)
    changed = {c.name: statement.excluded[c.name] for c in table.c if c not in kept}
    return statement.on_conflict_do_update(index_elements=key, set_=changed)


@cache
def _shared(table: Table, entity: type[Entity]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(entity) if field.name in table.c)
