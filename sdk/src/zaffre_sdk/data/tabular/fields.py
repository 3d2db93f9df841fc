"""The columns of a table while it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zaffre_sdk.data.tabular.conversion import SQL_TYPES, list_of, misfit_of, value_of
from zaffre_sdk.data.tabular.lead import Lead
from zaffre_sdk.data.tabular.source import FILE, RawColumn
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import ColumnType, Definition

_KINDS = (
    ("BOOLEAN", "boolean"),
    ("TIMESTAMP", "datetime"),
    ("DATE", "datetime"),
    ("DOUBLE", "float"),
    ("FLOAT", "float"),
    ("DECIMAL", "float"),
    ("VARCHAR", "string"),
)
_INTEGERS = frozenset(
    f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")
) | {"INTEGER", "UINTEGER"}


@dataclass(frozen=True)
class Field:
    """A column of a table.

    Attributes:
        name: As people know it.
        kind: `string`, `integer`, `float`, `boolean`, `datetime`, `stream` or `other`.
        raw: The SQL of what is in the file.
        value: The SQL of the value that it stands for.
        misfit: The SQL of whether what is in the file is no value of its type.
        column: What it is called in queries.
        is_json: Its values are JSON, and become Python objects.
        zone: Of its times, where they have one.
    """

    name: str
    kind: str
    raw: str
    value: str
    misfit: str
    column: str
    is_json: bool = False
    zone: str = ""


def fields_of(definition: Definition, lead: Lead, columns: Sequence[RawColumn]) -> list[Field]:
    """Return the columns of a table: those out of paths, then those of the files.

    Raises:
        DataError: Two have one name, or a type is none.
    """
    fields = [*_lead_fields(definition, lead), *_file_fields(definition, lead, columns)]
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise DataError(
                f"There would be two columns `{field.name}`: one out of the path of the files, "
                "and one in them.\nGive it another name in the partition format, or do without "
                "the path."
            )
        seen.add(field.name)
    return fields


def _lead_fields(definition: Definition, lead: Lead) -> Iterator[Field]:
    for index, column in enumerate(lead.columns):
        wanted = definition.types.get(column.name)
        if wanted is None:
            wanted = ColumnType("datetime" if column.is_date else "string")
        yield _typed(column.name, f"p{index}", wanted, f"c{index}")


def _file_fields(
    definition: Definition, lead: Lead, columns: Sequence[RawColumn]
) -> Iterator[Field]:
    for index, column in enumerate(columns):
        wanted = definition.types.get(column.name)
        raw, name = f"r{index}", f"c{len(lead.columns) + index}"
        if column.is_text:
            yield _typed(column.name, raw, wanted or ColumnType("string"), name)
        elif wanted is None:
            yield Field(
                *(column.name, kind_of(column), raw, raw, "false", name),
                is_json=column.is_json,
                zone=column.zone,
            )
        else:
            yield _retyped(column, raw, wanted, name)


def _typed(name: str, raw: str, wanted: ColumnType, column: str) -> Field:
    value = value_of(raw, wanted)
    return Field(name, wanted.name, raw, value, misfit_of(raw, column, wanted), column)


def _retyped(column: RawColumn, raw: str, wanted: ColumnType, name: str) -> Field:
    """Return a column whose values have a type, and are to have another one."""
    kind = kind_of(column)
    text = f"({raw} ->> '$')" if column.is_json else f"CAST({raw} AS VARCHAR)"
    if wanted.name == kind and not wanted.formats:
        value = raw if kind == "string" else f"CAST({raw} AS {SQL_TYPES[kind]})"
        return Field(column.name, kind, raw, value, "false", name)
    if {wanted.name, kind} == {"integer", "float"}:
        number = f"trunc({raw})" if wanted.truncate else raw
        whole = f"CASE WHEN {number} = trunc({number}) THEN try_cast({number} AS BIGINT) END"
        value = whole if wanted.name == "integer" else f"CAST({raw} AS DOUBLE)"
        misfit = f"({raw} IS NOT NULL AND {name} IS NULL)"
        return Field(column.name, wanted.name, raw, value, misfit, name)
    value = value_of(text, wanted)
    return Field(column.name, wanted.name, text, value, misfit_of(text, name, wanted), name)


def kind_of(column: RawColumn) -> str:
    """Return what people call the type of a column."""
    if column.is_json:
        return "other"
    if column.sql_type in _INTEGERS:
        return "integer"
    if column.sql_type.endswith("[]"):
        return "other"
    return next((kind for word, kind in _KINDS if column.sql_type.startswith(word)), "other")


def lead_sql(lead: Lead, index: int) -> str:
    """Return the SQL of the text of a column out of the path."""
    return f"{list_of(lead.columns[index].texts)}[{FILE}]"
