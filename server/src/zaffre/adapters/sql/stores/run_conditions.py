"""Conditions of searches for runs as SQL, and those that an index answers by itself."""

import math
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    type_coerce,
)

from zaffre.adapters.sql.stores.conditions import compared, compared_times, label_value, listed
from zaffre.adapters.sql.stores.params import digest_of
from zaffre.adapters.sql.tables import metric_series, run_inputs, run_labels, run_params, runs
from zaffre.domain.inputs import CONTEXT_TAG
from zaffre.domain.runs import PARENT_TAG, USER_TAG
from zaffre.domain.search import (
    STATE_RANKS,
    TIMES,
    Comparison,
    Condition,
    DatasetField,
    OrderKey,
    RunField,
    Subject,
)

_ANY_VALUE = b""
_TAG = "tag"
_PRESENCE = {Comparison.IS_NULL: False, Comparison.IS_NOT_NULL: True}


def condition_of(workspace_id: str, condition: Condition) -> "ColumnElement[bool]":
    """Return the condition on a row of `runs`."""
    if condition.subject is Subject.TAG:
        return _tag_condition(workspace_id, condition)
    return {
        Subject.FIELD: _field_condition,
        Subject.METRIC: _metric_condition,
        Subject.PARAM: _param_condition,
        Subject.DATASET: _dataset_condition,
    }[condition.subject](condition)


def narrowing(workspace_id: str, condition: Condition) -> "Select[Any] | None":
    """Return a query for the keys of all runs that meet a condition, if an index has them."""
    subject, name, value = condition.subject, condition.name, condition.value
    if subject is Subject.FIELD and name == RunField.PARENT:
        return _below(workspace_id, condition)
    if subject is Subject.FIELD and name in _KEYED and condition.comparison in _EXACT:
        values = value if isinstance(value, tuple) else (value,)
        column = _KEYED[RunField(name)]
        among = select(listed(tuple(map(str, values))).c.value)
        return select(runs.c.key).where(runs.c.workspace_id == workspace_id, column.in_(among))
    if condition.comparison is not Comparison.EQUAL:
        return None
    found: Select[Any] | None = None
    if subject is Subject.PARAM:
        found = select(run_params.c.run_key).where(*_param(name, str(value)))
    elif subject is Subject.TAG:
        found = select(run_labels.c.run_key).where(*_tag(workspace_id, name, str(value)))
    elif subject is Subject.DATASET and name == DatasetField.NAME:
        found = select(run_inputs.c.run_key).where(run_inputs.c.name == value)
    return found


def _below(workspace_id: str, condition: Condition) -> "Select[Any] | None":
    """Return a query for the runs that name a parent, whether it is here or not."""
    if condition.comparison is not Comparison.EQUAL:
        return None
    parent = str(condition.value)
    here = select(runs.c.key).where(
        runs.c.workspace_id == workspace_id, runs.c.parent_id == parent
    )
    elsewhere = select(run_labels.c.run_key).where(*_tag(workspace_id, PARENT_TAG, parent))
    return select(here.union_all(elsewhere).subquery().c.key)


def order_of(key: OrderKey) -> "tuple[list[ColumnElement[Any]], Any]":
    """Return what sorts runs by a key, and a join that it needs (a table and a condition)."""
    if key.subject is Subject.METRIC:
        series = metric_series.alias()
        on = and_(series.c.run_key == runs.c.key, series.c.name == key.name)
        rank = case(
            (series.c.latest_is_nan == 1, 1), (series.c.latest_number.is_(None), 2), else_=0
        )
        return [rank, _directed(series.c.latest_number, key)], (series, on)
    if key.subject is Subject.PARAM:
        params = run_params.alias()
        on = and_(params.c.run_key == runs.c.key, params.c.name == key.name)
        return _nulls_last(params.c.value, key), (params, on)
    if key.subject is Subject.TAG:
        return _nulls_last(label_value(runs.c.tags, key.name), key), None
    field = RunField(key.name)
    if field is RunField.STATE:
        ranks = {state.value: rank for state, rank in STATE_RANKS.items()}
        return [_directed(case(ranks, value=runs.c.state), key)], None
    return _nulls_last(_column(field), key), None


def _field_condition(condition: Condition) -> "ColumnElement[bool]":
    column = _column(RunField(condition.name))
    if condition.name in TIMES:
        return compared_times(column, condition.comparison, condition.value)
    return compared(column, condition.comparison, condition.value)


def _metric_condition(condition: Condition) -> "ColumnElement[bool]":
    number = float(condition.value) if isinstance(condition.value, int | float) else 0.0
    c = metric_series.c
    own = (c.run_key == runs.c.key, c.name == condition.name, c.latest_step.is_not(None))
    if condition.comparison is not Comparison.UNEQUAL:
        if math.isnan(number):
            return false()
        return exists().where(*own, compared(c.latest_number, condition.comparison, number))
    if math.isnan(number):
        return exists().where(*own)
    return exists().where(*own, or_(c.latest_is_nan == 1, c.latest_number != number))


def _param_condition(condition: Condition) -> "ColumnElement[bool]":
    c = run_params.c
    own = exists().where(c.run_key == runs.c.key, c.name == condition.name)
    if condition.comparison in _PRESENCE:
        return own if _PRESENCE[condition.comparison] else not_(own)
    if condition.comparison is Comparison.EQUAL:
        return own.where(c.digest == digest_of(str(condition.value)))
    return own.where(compared(c.value, condition.comparison, condition.value))


def _tag_condition(workspace_id: str, condition: Condition) -> "ColumnElement[bool]":
    name, comparison = condition.name, condition.comparison
    own = exists().where(*_tag(workspace_id, name, None), run_labels.c.run_key == runs.c.key)
    if comparison in _PRESENCE:
        return own if _PRESENCE[comparison] else not_(own)
    value = str(condition.value)
    if comparison in {Comparison.EQUAL, Comparison.UNEQUAL}:
        same = exists().where(*_tag(workspace_id, name, value), run_labels.c.run_key == runs.c.key)
        return same if comparison is Comparison.EQUAL else and_(own, not_(same))
    return and_(own, compared(label_value(runs.c.tags, name), comparison, value))


def _dataset_condition(condition: Condition) -> "ColumnElement[bool]":
    c = run_inputs.c
    column = {
        DatasetField.NAME: c.name,
        DatasetField.DIGEST: c.digest,
        DatasetField.CONTEXT: label_value(c.tags, CONTEXT_TAG),
    }[DatasetField(condition.name)]
    return exists().where(
        c.run_key == runs.c.key, compared(column, condition.comparison, condition.value)
    )


def _param(name: str, value: str) -> "tuple[ColumnElement[bool], ...]":
    return run_params.c.name == name, run_params.c.digest == digest_of(value)


def _tag(workspace_id: str, name: str, value: str | None) -> "tuple[ColumnElement[bool], ...]":
    c = run_labels.c
    digest = _ANY_VALUE if value is None else digest_of(value)
    return c.workspace_id == workspace_id, c.label == _TAG, c.name == name, c.value == digest


def _column(field: RunField) -> Any:  # noqa: ANN401 - of any type
    if field is RunField.USER:
        return func.coalesce(label_value(runs.c.tags, USER_TAG), runs.c.created_by)
    if field is RunField.PARENT:
        return func.coalesce(runs.c.parent_id, label_value(runs.c.tags, PARENT_TAG))
    if field is RunField.DESCRIPTION:
        return func.nullif(runs.c.description, "")
    return {
        RunField.ID: runs.c.id,
        RunField.NAME: runs.c.display_name,
        RunField.STATE: runs.c.state,
        RunField.STARTED: _number(runs.c.began_at),
        RunField.ENDED: _number(runs.c.ended_at),
    }[field]


def _number(column: Any) -> Any:  # noqa: ANN401 - as above
    return type_coerce(column, Double)


def _directed(column: Any, key: OrderKey) -> "ColumnElement[Any]":  # noqa: ANN401 - as above
    directed: ColumnElement[Any] = column.desc() if key.descending else column.asc()
    return directed


def _nulls_last(column: Any, key: OrderKey) -> "list[ColumnElement[Any]]":  # noqa: ANN401 - as above
    return [case((column.is_(None), 1), else_=0), _directed(column, key)]


_KEYED = {RunField.ID: runs.c.id, RunField.NAME: runs.c.display_name}
_EXACT = frozenset({Comparison.EQUAL, Comparison.IN})
