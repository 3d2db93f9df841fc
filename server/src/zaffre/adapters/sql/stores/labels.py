"""Tags and properties of runs, kept a second time in the order in which filters need them."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, delete, insert

from zaffre.adapters.sql.tables import run_labels
from zaffre.domain.runs import Run
from zaffre.ports.stores import RunFilter

_ANY_VALUE = b""
_insert = insert(run_labels)

Label = tuple[str, str, bytes]


def labels_of(tags: Mapping[str, str], properties: Mapping[str, str]) -> set[Label]:
    """Return what filters can ask for: each name alone, and each name with its value."""
    return {
        label
        for kind, values in (("tag", tags), ("property", properties))
        for name, value in values.items()
        for label in ((kind, name, _ANY_VALUE), (kind, name, _digest(value)))
    }


def replace_labels(
    connection: Connection, run: Run, key: int, *, old: set[Label], new: set[Label]
) -> None:
    """Write the difference."""
    for kind, name, value in old - new:
        connection.execute(
            delete(run_labels).where(
                run_labels.c.workspace_id == run.workspace_id,
                run_labels.c.label == kind,
                run_labels.c.name == name,
                run_labels.c.value == value,
                run_labels.c.run_key == key,
            )
        )
    rows = [
        {
            "workspace_id": run.workspace_id,
            "label": kind,
            "name": name,
            "value": value,
            "run_key": key,
        }
        for kind, name, value in sorted(new - old)
    ]
    if rows:
        connection.execute(_insert, rows)


def conditions(
    workspace_id: str, where: RunFilter
) -> Iterator[tuple[FromClause, "ColumnElement[bool]"]]:
    """Yield, for each label that the filter asks for, a table and what its rows must have."""
    wanted: list[tuple[str, Mapping[str, str | None]]] = [
        ("tag", where.tags or {}),
        ("property", where.properties or {}),
    ]
    for kind, values in wanted:
        for name, value in values.items():
            table = run_labels.alias()
            yield table, _condition(table.c, (workspace_id, kind, name), value)


def _condition(
    columns: Any,  # noqa: ANN401 - SQLAlchemy's collections of columns differ by table
    prefix: tuple[str, str, str],
    value: str | None,
) -> "ColumnElement[bool]":
    workspace_id, kind, name = prefix
    return and_(
        columns.workspace_id == workspace_id,
        columns.label == kind,
        columns.name == name,
        columns.value == (_ANY_VALUE if value is None else _digest(value)),
    )


def _digest(value: str) -> bytes:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
