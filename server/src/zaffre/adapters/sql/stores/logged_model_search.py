"""Searches of logged models in SQL."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, exists, literal, or_, select, type_coerce

from zaffre.adapters.sql.stores.matching import label_matches, matches, millis
from zaffre.adapters.sql.tables import logged_model_metrics, logged_models
from zaffre.domain.search import Condition, OrderKey, Subject
from zaffre.ports.registry import TIMES, Dataset, LoggedModelField, LoggedModelSearch

_COLUMNS = {
    **{field: logged_models.c[field.value] for field in LoggedModelField},
    # Compared with any text, not with the members of the enumeration alone.
    LoggedModelField.STATUS: type_coerce(logged_models.c.status, Text),
}
_LABELS = {Subject.TAG: logged_models.c.tags, Subject.PARAM: logged_models.c.params}


def searched(statement: "Select[Any]", search: LoggedModelSearch) -> "Select[Any]":
    """Return the statement for what is searched, those that are not archived."""
    statement = statement.where(
        logged_models.c.archived_at.is_(None),
        logged_models.c.experiment_id.in_(search.experiment_ids),
        *_conditions(search),
    )
    for key, dataset in search.order:
        column = _sorting(key, dataset)
        direction = column.desc() if key.descending else column.asc()
        statement = statement.order_by(direction.nulls_last())
    return (
        statement.order_by(logged_models.c.created_at.desc(), logged_models.c.id)
        .limit(search.limit)
        .offset(search.offset)
    )


def _conditions(search: LoggedModelSearch) -> Iterator["ColumnElement[bool]"]:
    on_metrics = False
    for condition in search.conditions:
        if condition.subject is Subject.METRIC:
            on_metrics = True
            yield _measured(search, condition)
        elif condition.subject in _LABELS:
            yield label_matches(_LABELS[condition.subject], condition)
        else:
            column = _COLUMNS[LoggedModelField(condition.name)]
            compared = millis(column) if condition.name in TIMES else column
            yield matches(compared, condition.comparison, condition.value)
    if search.datasets and not on_metrics:
        yield _measured(search, None)


def _measured(search: LoggedModelSearch, condition: Condition | None) -> "ColumnElement[bool]":
    points = logged_model_metrics.c
    wanted = [points.model_key == logged_models.c.key]
    if condition is not None:
        wanted.append(points.name == condition.name)
        wanted.append(matches(points.number, condition.comparison, condition.value))
    if search.datasets:
        wanted.append(or_(*(_on(dataset) for dataset in search.datasets)))
    return exists(select(literal(1)).where(*wanted))


def _on(dataset: Dataset) -> "ColumnElement[bool]":
    c = logged_model_metrics.c
    named = c.dataset_name == dataset.name if dataset.name else c.dataset_name.is_not(None)
    if dataset.digest is None:
        return named
    return and_(named, logged_model_metrics.c.dataset_digest == dataset.digest)


def _sorting(key: OrderKey, dataset: Dataset | None) -> Any:  # noqa: ANN401 - a column of any type
    if key.subject is not Subject.METRIC:
        return _COLUMNS[LoggedModelField(key.name)]
    points = logged_model_metrics.c
    last = select(points.number).where(
        points.model_key == logged_models.c.key, points.name == key.name
    )
    if dataset is not None:
        last = last.where(_on(dataset))
    order = (points.time.desc(), points.step.desc(), points.run_id, points.key.desc())
    return last.order_by(*order).limit(1).scalar_subquery()
