"""Filters and orders of logged models."""

from collections.abc import Callable
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.search import (
    LISTS,
    ORDERING,
    PATTERNS,
    Comparison,
    Condition,
    OrderKey,
    Subject,
)
from zaffre.ports.registry import TIMES, LoggedModelField
from zaffre.protocols.mlflow.grammar.checks import check_comparison, check_value
from zaffre.protocols.mlflow.grammar.clauses import Clause, clauses_of, order_of
from zaffre.protocols.mlflow.grammar.tokens import invalid, invalid_order

_ENTITIES: Final = {
    "": Subject.FIELD,
    "attributes": Subject.FIELD,
    "metrics": Subject.METRIC,
    "params": Subject.PARAM,
    "tags": Subject.TAG,
}
_FIELDS: Final = {
    "model_id": LoggedModelField.ID,
    "name": LoggedModelField.NAME,
    "model_type": LoggedModelField.TYPE,
    "status": LoggedModelField.STATUS,
    "status_message": LoggedModelField.STATUS_MESSAGE,
    "source_run_id": LoggedModelField.RUN_ID,
    "experiment_id": LoggedModelField.EXPERIMENT_ID,
    **dict.fromkeys(
        ("creation_time", "creation_timestamp", "creation_timestamp_ms"),
        LoggedModelField.CREATED,
    ),
    **dict.fromkeys(
        ("last_updated_timestamp", "last_updated_timestamp_ms"), LoggedModelField.UPDATED
    ),
}
_STATUSES: Final = {
    "PENDING": "LOGGED_MODEL_PENDING",
    "READY": "LOGGED_MODEL_READY",
    "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}
_TRANSLATED: Final = frozenset({LoggedModelField.EXPERIMENT_ID, LoggedModelField.STATUS})
_TEXTS: Final = frozenset({Comparison.EQUAL, Comparison.UNEQUAL}) | PATTERNS | LISTS


def logged_model_conditions(
    text: str, *, to_experiment: Callable[[str], str]
) -> tuple[Condition, ...]:
    """Return the conditions of a filter.

    Args:
        text: The filter.
        to_experiment: Returns our id of an experiment for MLflow's.

    Raises:
        InvalidError: `InvalidFilter`, naming what is wrong.
    """
    try:
        clauses = clauses_of(text)
    except InvalidError as error:
        raise invalid(f"Invalid filter string: {shown(text)}. {error.message}") from None
    return tuple(_condition(clause, to_experiment) for clause in clauses)


def logged_model_order(field: str, *, ascending: bool) -> OrderKey:
    """Return what one entry of `order_by` sorts by.

    Raises:
        InvalidError: `InvalidOrder`.
    """
    try:
        (entity, key), _ = order_of(field)
    except InvalidError:
        # Names of metrics are written here as they are.
        entity, _, key = field.partition(".")
    subject = _ENTITIES.get(entity)
    if subject is Subject.METRIC:
        return OrderKey(subject, key, not ascending)
    if subject is not Subject.FIELD or key not in _FIELDS:
        raise invalid_order(
            f"Invalid order by field name: {shown(field)}.",
            hint=f"Sort by `metrics.<name>` or one of {', '.join(_FIELDS)}.",
        )
    return OrderKey(subject, _FIELDS[key], not ascending)


def _condition(clause: Clause, to_experiment: Callable[[str], str]) -> Condition:
    (entity, key), comparison, value = clause
    subject = _ENTITIES.get(entity)
    if subject is None:
        raise invalid(
            f"Invalid entity type: {shown(entity)}. "
            f"Expected one of {', '.join(filter(None, _ENTITIES))}."
        )
    if subject is Subject.FIELD:
        if key not in _FIELDS:
            raise invalid(f"Invalid attribute {shown(key)}. Valid are {', '.join(_FIELDS)}.")
        key = _FIELDS[key]
    is_number = subject is Subject.METRIC or (subject is Subject.FIELD and key in TIMES)
    check_comparison(clause, ORDERING if is_number else _TEXTS)
    check_value(clause, wants_number=is_number)
    if subject is Subject.FIELD and key in _TRANSLATED:
        to_ours = to_experiment if key == LoggedModelField.EXPERIMENT_ID else _status
        value = tuple(map(to_ours, value)) if isinstance(value, tuple) else to_ours(str(value))
    return Condition(subject, key, comparison, value)


def _status(word: str) -> str:
    return _STATUSES.get(word, word)
