"""The query of a table: what is in the files, with types, and step after step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zaffre_sdk.data.chance import keeps_sql
from zaffre_sdk.data.tabular.conditions import columns_in, condition_sql
from zaffre_sdk.data.tabular.conversion import quoted
from zaffre_sdk.data.tabular.fields import Field, fields_of, lead_sql
from zaffre_sdk.data.tabular.lead import Lead
from zaffre_sdk.data.tabular.source import Source
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import (
    Definition,
    DropColumns,
    Filter,
    KeepColumns,
    Sample,
    Skip,
    Split,
    Step,
    Take,
    TimeRange,
)


@dataclass(frozen=True)
class Query:
    """The records of a table, and which of their columns are in it.

    Attributes:
        fields: The columns, in their order.
        sql: Has the column of each field, what it was in the file, and the number of the file.
    """

    fields: list[Field]
    sql: str

    def select(self, columns: Sequence[str]) -> str:
        """Return the query for some of what it has."""
        return f"SELECT {', '.join(columns)} FROM ({self.sql})"

    def named(self) -> dict[str, Field]:
        """Return the columns by their names."""
        return {field.name: field for field in self.fields}


def query_of(
    definition: Definition, lead: Lead, source: Source, *, numbered: bool = False
) -> Query:
    """Return the query of a table.

    Args:
        definition: What the table is.
        lead: The columns out of paths.
        source: What is in the files.
        numbered: Have a column `n` with the number of each record before all steps, from 1.

    Raises:
        DataError: A step names what there is not.
    """
    query = _base(definition, lead, source)
    if numbered:
        query = replace(query, sql=f"SELECT *, row_number() OVER () AS n FROM ({query.sql})")
    for number, step in enumerate(definition.steps):
        query = _then(query, step, number)
    return query


def _base(definition: Definition, lead: Lead, source: Source) -> Query:
    fields = fields_of(definition, lead, source.columns)
    parts = [f"{lead_sql(lead, index)} AS p{index}" for index in range(len(lead.columns))]
    inner = f"SELECT {', '.join(['*', *parts])} FROM ({source.sql})"
    needed = _needed(definition.steps, fields)
    values = [f"{one.value} AS {one.column}" for one in fields if one.name in needed]
    return Query(fields, f"SELECT {', '.join(['*', *values])} FROM ({inner})")


def _needed(steps: Sequence[Step], fields: list[Field]) -> set[str]:
    """Return the columns that are left in the end, or asked for on the way.

    To plan one takes the engine milliseconds, of which tables with thousands have many.
    """
    asked: set[str] = set()
    for step in steps:
        if isinstance(step, (KeepColumns, DropColumns)):
            fields = _chosen(fields, step)
        elif isinstance(step, Filter):
            asked |= columns_in(step.condition)
        elif isinstance(step, TimeRange):
            asked.add(step.column)
    return asked | {field.name for field in fields}


def _then(query: Query, step: Step, number: int) -> Query:
    if isinstance(step, (KeepColumns, DropColumns)):
        return replace(query, fields=_chosen(query.fields, step))
    if isinstance(step, (Take, Skip)):
        word = "LIMIT" if isinstance(step, Take) else "OFFSET"
        return _select(query, f" {word} {step.count}")
    if isinstance(step, Filter):
        return _select(query, f" WHERE {condition_sql(step.condition, query.named())}")
    if isinstance(step, TimeRange):
        return _select(query, f" WHERE {_within(step, query)}")
    return _by_chance(query, step, f"n{number}")


def _select(query: Query, rest: str) -> Query:
    return replace(query, sql=f"SELECT * FROM ({query.sql}){rest}")


def _chosen(fields: list[Field], step: KeepColumns | DropColumns) -> list[Field]:
    named = set(step.columns)
    kept = [one for one in fields if (one.name in named) == isinstance(step, KeepColumns)]
    if not kept:
        raise DataError(
            f"The input data contains no columns: of {', '.join(one.name for one in fields)} "
            "none is left.\nKeep a column that is there."
        )
    return kept


def _by_chance(query: Query, step: Sample | Split, position: str) -> Query:
    if isinstance(step, Split):
        condition = keeps_sql(step.seed, position, step.percentage)
        condition = condition if step.first else f"NOT ({condition})"
    else:
        condition = keeps_sql(step.seed, position, step.probability)
    numbered = f"SELECT *, row_number() OVER () - 1 AS {position} FROM ({query.sql})"
    return replace(query, sql=f"SELECT * FROM ({numbered}) WHERE {condition}")


def _within(step: TimeRange, query: Query) -> str:
    field = query.named().get(step.column)
    if field is None or field.kind != "datetime":
        kind = "not there" if field is None else f"a column of {field.kind}"
        raise DataError(
            f"The column of time `{step.column}` is {kind}.\nName a column of dates and times "
            "with `with_timestamp_columns`."
        )
    equal = "=" if step.boundary else ""
    bounds = []
    if step.start is not None:
        bounds.append(f"{field.column} >{equal} {_moment(step.start)}")
    if step.end is not None:
        bounds.append(f"{field.column} <{equal} {_moment(step.end)}")
    return " AND ".join(bounds) or "true"


def _moment(text: str) -> str:
    return f"CAST({quoted(text)} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
