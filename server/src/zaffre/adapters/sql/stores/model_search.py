"""Searches of models and their versions in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select

from zaffre.adapters.sql.stores.matching import label_matches, matches, millis
from zaffre.domain.search import Condition, OrderKey, Subject
from zaffre.ports.registry import TIMES

Columns = Mapping[Any, Any]
"""The column of each field that can be searched."""


def narrowed(
    statement: "Select[Any]",
    columns: Columns,
    tags: Any,  # noqa: ANN401 - a column of labels
    conditions: Sequence[Condition],
) -> "Select[Any]":
    """Return the statement with the conditions, each on a field or a tag."""
    for condition in conditions:
        if condition.subject is Subject.TAG:
            statement = statement.where(label_matches(tags, condition))
            continue
        column = columns[condition.name]
        compared = millis(column) if condition.name in TIMES else column
        statement = statement.where(matches(compared, condition.comparison, condition.value))
    return statement


def ordered(
    statement: "Select[Any]", columns: Columns, order: Sequence[OrderKey]
) -> "Select[Any]":
    """Return the statement sorted by fields; what has no such value comes last."""
    for key in order:
        column = columns[key.name]
        sorting = column.desc() if key.descending else column.asc()
        statement = statement.order_by(sorting.nulls_last())
    return statement
