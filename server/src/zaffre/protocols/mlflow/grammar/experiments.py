"""Filters and orders of experiments."""

from collections.abc import Callable, Iterable
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.search import (
    LISTS,
    MAX_ORDER,
    NULLS,
    ORDERING,
    PATTERNS,
    TIMES,
    Comparison,
    Condition,
    ExperimentField,
    OrderKey,
    Subject,
    Value,
)
from zaffre.protocols.mlflow.grammar.checks import (
    check_comparison,
    check_value,
    shown_name,
    sort_keys,
)
from zaffre.protocols.mlflow.grammar.clauses import Clause, Identifier, clauses_of
from zaffre.protocols.mlflow.grammar.tokens import invalid, invalid_order
from zaffre.protocols.mlflow.run_words import NOTE_TAG

_ATTRIBUTES: Final = {
    "name": ExperimentField.NAME,
    "experiment_id": ExperimentField.ID,
    "creation_time": ExperimentField.CREATED,
    "last_update_time": ExperimentField.UPDATED,
}
_ORDER_HINT: Final = f"Sort by at most {MAX_ORDER} of {', '.join(_ATTRIBUTES)}."
_EXACT: Final = frozenset({Comparison.EQUAL, Comparison.UNEQUAL})


def experiment_conditions(
    text: str | None, *, to_id: Callable[[str], str]
) -> tuple[Condition, ...]:
    """Return the conditions of a filter of experiments.

    Args:
        text: The filter.
        to_id: Returns our id of an experiment for MLflow's.

    Raises:
        InvalidError: `InvalidFilter`, naming what is wrong.
    """
    return tuple(_condition(clause, to_id) for clause in clauses_of(text))


def experiment_order(entries: Iterable[str]) -> tuple[OrderKey, ...]:
    """Return the order that a list of `order_by` asks for.

    Raises:
        InvalidError: `InvalidOrder` or `InvalidFilter`.
    """
    keys = sort_keys(entries, _sortable, hint=_ORDER_HINT, may_repeat=True)
    return tuple(OrderKey(Subject.FIELD, name, descends) for name, descends in keys)


def _condition(clause: Clause, to_id: Callable[[str], str]) -> Condition:
    subject, name = _meaning(clause.identifier)
    comparison, value = clause.comparison, clause.value
    check_comparison(clause, _allowed(subject, name), nullable="tags")
    check_value(clause, wants_number=subject is Subject.FIELD and name in TIMES)
    if subject is Subject.FIELD and name == ExperimentField.ID:
        value = _ids(value, to_id)
    return Condition(subject, name, comparison, value)


def _allowed(subject: Subject, name: str) -> frozenset[Comparison]:
    if subject is Subject.TAG or name == ExperimentField.DESCRIPTION:
        return _EXACT | PATTERNS | NULLS
    if name in TIMES:
        return ORDERING
    return _EXACT | LISTS if name == ExperimentField.ID else _EXACT | PATTERNS


def _meaning(identifier: Identifier) -> tuple[Subject, str]:
    entity, key = identifier
    if entity in {"tag", "tags"}:
        is_field = key == NOTE_TAG
        return (Subject.FIELD, ExperimentField.DESCRIPTION) if is_field else (Subject.TAG, key)
    if entity not in {"", "attribute", "attributes", "attr"}:
        raise invalid(
            f"Invalid entity type {shown(entity)}. Valid entity types are attribute and tag."
        )
    if key not in _ATTRIBUTES:
        raise invalid(
            f"Invalid attribute key {shown(key)} specified. "
            f"Valid keys are {', '.join(_ATTRIBUTES)}."
        )
    return Subject.FIELD, _ATTRIBUTES[key]


def _sortable(identifier: Identifier) -> ExperimentField:
    subject, _ = _meaning(identifier)
    field = _ATTRIBUTES.get(identifier.key) if subject is Subject.FIELD else None
    if field is None:
        words = f"Invalid order_by entity: {shown_name(identifier)}."
        raise invalid_order(words, hint=_ORDER_HINT)
    return field


def _ids(value: Value, to_id: Callable[[str], str]) -> Value:
    if isinstance(value, tuple):
        return tuple(map(to_id, value))
    return to_id(str(value))
