"""Filters and orders of experiments."""

from collections.abc import Callable, Iterable
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.search import (
    LISTS,
    MAX_ORDER,
    MAX_PATTERN,
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
from zaffre.protocols.mlflow.grammar.clauses import Clause, Identifier, clauses_of, order_of
from zaffre.protocols.mlflow.grammar.tokens import invalid
from zaffre.protocols.mlflow.run_words import NOTE_TAG

_ATTRIBUTES: Final = {
    "name": ExperimentField.NAME,
    "experiment_id": ExperimentField.ID,
    "creation_time": ExperimentField.CREATED,
    "last_update_time": ExperimentField.UPDATED,
}
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
    keys: list[OrderKey] = []
    for entry in entries:
        identifier, descends = order_of(entry)
        subject, name = _meaning(identifier)
        if identifier.entity.startswith("tag") or len(keys) == MAX_ORDER:
            raise InvalidError(
                "InvalidOrder",
                f"Invalid order_by entity: {shown(entry)}.",
                target="order_by",
                hint=f"Sort by at most {MAX_ORDER} of {', '.join(_ATTRIBUTES)}.",
            )
        keys.append(OrderKey(subject, name, descends))
    return tuple(keys)


def _condition(clause: Clause, to_id: Callable[[str], str]) -> Condition:
    subject, name = _meaning(clause.identifier)
    comparison, value = clause.comparison, clause.value
    allowed = _allowed(clause.identifier, name)
    if comparison in NULLS - allowed:
        raise invalid(
            "IS NULL / IS NOT NULL is only supported for tags, "
            f"not for {shown(clause.identifier.key)}."
        )
    if comparison not in allowed:
        raise invalid(
            f"Invalid comparator {shown(comparison)} for {shown(clause.identifier.key)}; "
            f"it is not one of {', '.join(sorted(allowed))}."
        )
    if isinstance(value, float) is not (name in TIMES and subject is Subject.FIELD):
        raise invalid(f"Invalid value for {shown(clause.identifier.key)}: {shown(value)}.")
    if comparison in PATTERNS and len(str(value)) > MAX_PATTERN:
        raise invalid(f"A pattern has more than {MAX_PATTERN} characters.")
    if subject is Subject.FIELD and name == ExperimentField.ID:
        value = _ids(value, to_id)
    return Condition(subject, name, comparison, value)


def _allowed(identifier: Identifier, name: str) -> frozenset[Comparison]:
    if identifier.entity.startswith("tag"):
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


def _ids(value: Value, to_id: Callable[[str], str]) -> Value:
    if isinstance(value, tuple):
        return tuple(map(to_id, value))
    return to_id(str(value))
