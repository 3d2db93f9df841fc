"""Conditions of searches as SQL."""

import json
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    literal,
    not_,
    or_,
    select,
)

from zaffre.domain.search import Comparison, Value

_MILLISECONDS = 1000.0


def compared(column: Any, comparison: Comparison, value: Value) -> "ColumnElement[bool]":  # noqa: ANN401 - of any type
    """Return the comparison of a column with a value, of text or numbers."""
    if isinstance(value, tuple):
        among: ColumnElement[bool] = column.in_(select(listed(value).c.value))
        return among if comparison is Comparison.IN else not_(among)
    simple = {
        Comparison.EQUAL: column.__eq__,
        Comparison.UNEQUAL: column.__ne__,
        Comparison.LESS: column.__lt__,
        Comparison.LESS_OR_EQUAL: column.__le__,
        Comparison.GREATER: column.__gt__,
        Comparison.GREATER_OR_EQUAL: column.__ge__,
    }
    if comparison in simple:
        found: ColumnElement[bool] = simple[comparison](value)
        return found
    return _other(column, comparison, value)


def compared_times(column: Any, comparison: Comparison, value: Value) -> "ColumnElement[bool]":  # noqa: ANN401 - as above
    """Return the comparison of a time with milliseconds: those that it is shown with."""
    begin = float(value) / _MILLISECONDS if isinstance(value, int | float) else 0.0
    end = (float(value) + 1) / _MILLISECONDS if isinstance(value, int | float) else 0.0
    within = and_(column >= begin, column < end)
    ways: dict[Comparison, ColumnElement[bool]] = {
        Comparison.EQUAL: within,
        Comparison.UNEQUAL: or_(column < begin, column >= end),
        Comparison.LESS: column < begin,
        Comparison.LESS_OR_EQUAL: column < end,
        Comparison.GREATER: column >= end,
        Comparison.GREATER_OR_EQUAL: column >= begin,
    }
    return ways[comparison]


def label_value(labels: Any, name: str) -> Any:  # noqa: ANN401 - as above
    """Return the value of one of the tags in a column; NULL when there is none of that name."""
    each = func.json_each(labels).table_valued("key", "value").alias()
    # Before 3.45 SQLite gives keys as they are written, with their escapes.
    names = {name, json.dumps(name)[1:-1]}
    return (
        select(each.c.value)
        .select_from(each)
        .where(each.c.key.in_(sorted(names)))
        .limit(1)
        .correlate(labels.table)
        .scalar_subquery()
    )


def asked(name: str) -> "Select[Any]":
    """Return the values of a JSON list that is bound as `name`, to compare with by `in_`.

    The statement is the same however many there are, so that it is compiled once.
    """
    return select(func.json_each(bindparam(name)).table_valued("value").alias().c.value)


def listed(values: "list[int] | tuple[str, ...]") -> FromClause:
    """Return values as a table with the columns `key` (their order) and `value`."""
    return func.json_each(literal(json.dumps(values))).table_valued("key", "value").alias()


def _other(column: Any, comparison: Comparison, value: Value) -> "ColumnElement[bool]":  # noqa: ANN401 - as above
    found: ColumnElement[bool]
    if comparison is Comparison.LIKE:
        # SQLite's own LIKE takes upper and lower case for the same.
        found = column.op("GLOB", is_comparison=True)(_glob(str(value)))
    elif comparison is Comparison.ILIKE:
        found = column.like(str(value))
    elif comparison is Comparison.IS_NULL:
        found = column.is_(None)
    else:
        found = column.is_not(None)
    return found


def _glob(pattern: str) -> str:
    marks = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(marks.get(character, character) for character in pattern)
