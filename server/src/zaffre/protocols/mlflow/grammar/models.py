"""Filters and orders of registered models and their versions."""

from collections.abc import Iterable, Mapping
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.models import PROMPT_TAG
from zaffre.domain.search import (
    LISTS,
    ORDERING,
    PATTERNS,
    Comparison,
    Condition,
    OrderKey,
    Subject,
)
from zaffre.ports.registry import ModelField
from zaffre.protocols.mlflow.grammar.checks import check_comparison, check_value, sort_keys
from zaffre.protocols.mlflow.grammar.clauses import Clause, Identifier, clauses_of
from zaffre.protocols.mlflow.grammar.tokens import invalid, invalid_order

Fields = Mapping[str, ModelField]
_NAMES: Final[Fields] = {"name": ModelField.NAME}
_VERSIONS: Final[Fields] = {
    **_NAMES,
    "version_number": ModelField.VERSION,
    "run_id": ModelField.RUN_ID,
    "source_path": ModelField.SOURCE,
}
_TIMES: Final[Fields] = {
    "creation_timestamp": ModelField.CREATED,
    "last_updated_timestamp": ModelField.UPDATED,
}
_NAME_ORDER: Final[Fields] = {**_NAMES, **_TIMES, "timestamp": ModelField.UPDATED}
_VERSION_ORDER: Final[Fields] = {**_VERSIONS, **_TIMES}
_ATTRIBUTE_ENTITIES: Final = frozenset({"", "attribute", "attributes"})
_LISTED: Final = frozenset({ModelField.NAME, ModelField.RUN_ID})
_TEXTS: Final = frozenset({Comparison.EQUAL, Comparison.UNEQUAL}) | PATTERNS


def registered_conditions(text: str) -> tuple[Condition, ...]:
    """Return the conditions of a filter of registered models.

    Raises:
        InvalidError: `InvalidFilter`, naming what is wrong.
    """
    return tuple(_condition(clause, _NAMES) for clause in clauses_of(text))


def registered_order(entries: Iterable[str]) -> tuple[OrderKey, ...]:
    """Return the order that a list of `order_by` asks for; raises `InvalidOrder`."""
    return _order(entries, _NAME_ORDER)


def version_conditions(text: str) -> tuple[Condition, ...]:
    """Return the conditions of a filter of versions.

    Raises:
        InvalidError: `InvalidFilter`, naming what is wrong.
    """
    return tuple(_condition(clause, _VERSIONS) for clause in clauses_of(text))


def version_order(entries: Iterable[str]) -> tuple[OrderKey, ...]:
    """Return the order that a list of `order_by` asks for; raises `InvalidOrder`."""
    return _order(entries, _VERSION_ORDER)


def split_prompts(
    conditions: Iterable[Condition],
) -> tuple[tuple[Condition, ...], bool]:
    """Return the conditions without those on being a prompt, and whether prompts are meant.

    Models do not have that tag, so that to ask for what is no prompt is to ask for all models.
    """
    kept: list[Condition] = []
    prompts = False
    for condition in conditions:
        if condition.subject is not Subject.TAG or condition.name != PROMPT_TAG:
            kept.append(condition)
            continue
        says = str(condition.value).lower()
        prompts = (condition.comparison, says) in {
            (Comparison.EQUAL, "true"),
            (Comparison.UNEQUAL, "false"),
        }
        if prompts:
            kept.append(Condition(Subject.TAG, PROMPT_TAG, Comparison.EQUAL, "true"))
    return tuple(kept), prompts


def _condition(clause: Clause, fields: Fields) -> Condition:
    subject, name = _meaning(clause.identifier, fields)
    comparison, value = clause.comparison, clause.value
    allowed = _TEXTS
    if subject is Subject.FIELD:
        allowed = ORDERING if name == ModelField.VERSION else allowed
        allowed |= LISTS if name in _LISTED else frozenset()
    check_comparison(clause, allowed)
    if subject is Subject.FIELD and name == ModelField.VERSION:
        return Condition(subject, name, comparison, _number(value))
    check_value(clause, wants_number=False)
    return Condition(subject, name, comparison, value)


def _number(value: object) -> float:
    text = str(value)
    if isinstance(value, float) and value.is_integer():
        return value
    if not text.isascii() or not text.isdigit():
        raise invalid(f"Invalid value for numeric attribute 'version_number': {shown(text)}.")
    return float(text)


def _meaning(identifier: Identifier, fields: Fields) -> tuple[Subject, str]:
    entity, key = identifier
    if entity in {"tag", "tags"}:
        return Subject.TAG, key
    if entity not in _ATTRIBUTE_ENTITIES:
        raise invalid(
            f"Invalid entity type {shown(entity)}. Valid entity types are attribute and tag."
        )
    if key not in fields:
        raise invalid(
            f"Invalid attribute key {shown(key)} specified. Valid keys are {', '.join(fields)}."
        )
    return Subject.FIELD, fields[key]


def _order(entries: Iterable[str], fields: Fields) -> tuple[OrderKey, ...]:
    hint = f"Valid keys are {', '.join(fields)}."

    def meaning(identifier: Identifier) -> ModelField:
        entity, key = identifier
        field = fields.get(key) if entity in _ATTRIBUTE_ENTITIES else None
        if field is None:
            raise invalid_order(f"Invalid order by key {shown(key)} specified.", hint=hint)
        return field

    keys = sort_keys(entries, meaning, hint=hint)
    return tuple(OrderKey(Subject.FIELD, field, descends) for field, descends in keys)
