"""Filters and orders of runs: which names there are, and what each may be compared with."""

from collections.abc import Iterable
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.runs import RunState
from zaffre.domain.search import (
    LISTS,
    MAX_ORDER,
    NULLS,
    ORDERING,
    PATTERNS,
    TIMES,
    Comparison,
    Condition,
    DatasetField,
    OrderKey,
    RunField,
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
from zaffre.protocols.mlflow.grammar.patterns import matches
from zaffre.protocols.mlflow.grammar.tokens import invalid, invalid_order
from zaffre.protocols.mlflow.run_words import (
    FIELDS_AS_TAGS,
    RUN_ARTIFACTS,
    from_state,
)

_ENTITIES: Final = {
    **dict.fromkeys(("", "attribute", "attributes", "attr", "run"), Subject.FIELD),
    **dict.fromkeys(("metric", "metrics"), Subject.METRIC),
    **dict.fromkeys(("parameter", "parameters", "param", "params"), Subject.PARAM),
    **dict.fromkeys(("tag", "tags"), Subject.TAG),
    **dict.fromkeys(("dataset", "datasets"), Subject.DATASET),
}
_ATTRIBUTES: Final = {
    "run_id": RunField.ID,
    **dict.fromkeys(("run_name", "run name", "Run name", "Run Name"), RunField.NAME),
    "user_id": RunField.USER,
    "status": RunField.STATE,
    **dict.fromkeys(("start_time", "created", "Created"), RunField.STARTED),
    "end_time": RunField.ENDED,
    "artifact_uri": RunField.ID,
}
_TEXTS: Final = frozenset({Comparison.EQUAL, Comparison.UNEQUAL}) | PATTERNS
_COMPARISONS: Final = {
    Subject.FIELD: _TEXTS | LISTS,
    Subject.METRIC: ORDERING,
    Subject.PARAM: _TEXTS | NULLS,
    Subject.TAG: _TEXTS | NULLS,
    Subject.DATASET: _TEXTS | LISTS,
}
_ORDER_HINT: Final = (
    f"Sort by at most {MAX_ORDER} attributes, metrics, params and tags, each once."
)


def run_conditions(text: str | None) -> tuple[Condition, ...]:
    """Return the conditions of a filter of runs.

    Raises:
        InvalidError: `InvalidFilter`, naming what is wrong.
    """
    return tuple(map(_condition, clauses_of(text)))


def run_order(entries: Iterable[str]) -> tuple[OrderKey, ...]:
    """Return the order that a list of `order_by` asks for.

    Raises:
        InvalidError: `InvalidOrder` or `InvalidFilter`.
    """
    keys = sort_keys(entries, _sortable, hint=_ORDER_HINT)
    return tuple(OrderKey(subject, name, descends) for (subject, name), descends in keys)


def _condition(clause: Clause) -> Condition:
    subject, name = _meaning(clause.identifier)
    comparison, value = clause.comparison, clause.value
    is_time = subject is Subject.FIELD and name in TIMES
    allowed = ORDERING if is_time else _COMPARISONS[subject]
    if _is_field_as_tag(clause.identifier):
        allowed |= NULLS
    check_comparison(clause, allowed, nullable="params and tags")
    check_value(clause, wants_number=is_time or subject is Subject.METRIC)
    if subject is Subject.FIELD and name == RunField.STATE:
        return _state_condition(comparison, value)
    if clause.identifier.key == "artifact_uri" and subject is Subject.FIELD:
        value = _without_prefix(value)
    return Condition(subject, name, comparison, value)


def _meaning(identifier: Identifier) -> tuple[Subject, str]:
    subject = _ENTITIES.get(identifier.entity)
    if subject is None:
        raise invalid(
            f"Invalid entity type {shown(identifier.entity)}. "
            "Valid values are metric, parameter, tag, attribute and dataset."
        )
    key = identifier.key
    if subject is Subject.FIELD:
        if key not in _ATTRIBUTES:
            names = ", ".join(_ATTRIBUTES)
            raise invalid(
                f"Invalid attribute key '{key[:100]}' specified. Valid keys are {names}."
            )
        return subject, _ATTRIBUTES[key]
    if subject is Subject.DATASET and key not in set(DatasetField):
        raise invalid(
            f"Invalid dataset key {shown(key)} specified. Valid keys are name, digest, context."
        )
    if _is_field_as_tag(identifier):
        return Subject.FIELD, FIELDS_AS_TAGS[key]
    return subject, key


def _sortable(identifier: Identifier) -> tuple[Subject, str]:
    subject, name = _meaning(identifier)
    if subject is Subject.DATASET:
        words = f"Invalid order_by clause {shown_name(identifier)}."
        raise invalid_order(words, hint=_ORDER_HINT)
    return subject, name


def _is_field_as_tag(identifier: Identifier) -> bool:
    is_tag = _ENTITIES.get(identifier.entity) is Subject.TAG
    return is_tag and identifier.key in FIELDS_AS_TAGS


def _state_condition(comparison: Comparison, value: Value) -> Condition:
    """Return the states whose status, which is coarser, meets the comparison."""
    fitting = [state for state in RunState if matches(from_state(state), comparison, value)]
    return Condition(Subject.FIELD, RunField.STATE, Comparison.IN, tuple(fitting))


def _without_prefix(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(one.removeprefix(RUN_ARTIFACTS) for one in value)
    return str(value).removeprefix(RUN_ARTIFACTS)
