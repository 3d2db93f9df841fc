"""Conditions of searches in SQL."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, and_, cast, exists, func, select

from zaffre.domain.search import Comparison, Condition

_GLOB = str.maketrans({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"})
_MILLIS = 1000


def matches(column: Any, comparison: Comparison, value: Any) -> "ColumnElement[bool]":  # noqa: ANN401 - columns and values of any type
    """Return the condition that the column compares so with the value."""
    found: ColumnElement[bool]
    match comparison:
        case Comparison.LIKE:
            # SQLite's own LIKE does not tell capitals from others; GLOB does.
            found = column.op("GLOB", is_comparison=True)(value.translate(_GLOB))
        case Comparison.ILIKE:
            found = column.ilike(value)
        case Comparison.IN:
            found = column.in_(value)
        case Comparison.NOT_IN:
            found = column.not_in(value)
        case Comparison.IS_NULL:
            found = column.is_(None)
        case Comparison.IS_NOT_NULL:
            found = column.is_not(None)
        case _:
            found = column.op(comparison.value, is_comparison=True)(value)
    return found


def millis(column: Any) -> Any:  # noqa: ANN401 - a column of times
    """Return the time of a column as programs send it: whole milliseconds."""
    return cast(func.round(cast(column, Double) * _MILLIS), BigInteger)


def label_matches(labels: Any, condition: Condition) -> "ColumnElement[bool]":  # noqa: ANN401 - a column of labels
    """Return the condition that labels have one of that name whose value compares so."""
    label = func.json_each(labels).table_valued("key", "value")
    named = label.c.key == condition.name
    if condition.comparison is Comparison.IS_NULL:
        return ~exists(select(1).select_from(label).where(named))
    compared = matches(label.c.value, condition.comparison, condition.value)
    return exists(select(1).select_from(label).where(and_(named, compared)))
