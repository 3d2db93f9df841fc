"""Filters and orders of traces: which names there are, and what each may be compared with."""

from collections.abc import Iterable
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.search import (
    LISTS,
    MAX_ORDER,
    NULLS,
    ORDERING,
    PATTERNS,
    Comparison,
)
from zaffre.domain.traces import NAME_TAG, RUN_METADATA
from zaffre.ports.traces import TraceCondition, TraceFieldKind, TraceOrder
from zaffre.protocols.mlflow.grammar.checks import (
    check_comparison,
    check_value,
    shown_name,
    sort_keys,
)
from zaffre.protocols.mlflow.grammar.clauses import Clause, Identifier, clauses_of
from zaffre.protocols.mlflow.grammar.tokens import invalid, invalid_order

_Kind = TraceFieldKind
_ENTITIES: Final = {
    **dict.fromkeys(("", "attribute", "attributes", "trace"), _Kind.ATTRIBUTE),
    **dict.fromkeys(("tag", "tags"), _Kind.TAG),
    **dict.fromkeys(("request_metadata", "metadata"), _Kind.METADATA),
    "span": _Kind.SPAN,
    "feedback": _Kind.FEEDBACK,
    "expectation": _Kind.EXPECTATION,
    "issue": _Kind.ISSUE,
}
_ATTRIBUTES: Final = {
    **dict.fromkeys(("request_id", "trace_id"), (_Kind.ATTRIBUTE, "id")),
    **dict.fromkeys(("timestamp", "timestamp_ms"), (_Kind.ATTRIBUTE, "started_ms")),
    **dict.fromkeys(("execution_time", "execution_time_ms"), (_Kind.ATTRIBUTE, "duration_ms")),
    **dict.fromkeys(("end_time", "end_time_ms"), (_Kind.ATTRIBUTE, "ended_ms")),
    **dict.fromkeys(("status", "state"), (_Kind.ATTRIBUTE, "state")),
    "client_request_id": (_Kind.ATTRIBUTE, "client_request_id"),
    "experiment_id": (_Kind.ATTRIBUTE, "experiment_id"),
    "name": (_Kind.TAG, NAME_TAG),
    "run_id": (_Kind.METADATA, RUN_METADATA),
    "prompt": (_Kind.PROMPT, ""),
    "text": (_Kind.SPAN, "content"),
}
_TIMES: Final = frozenset({"started_ms", "duration_ms", "ended_ms"})
_SPAN_KEYS: Final = frozenset({"name", "type", "status", "content"})
_SORTABLE: Final = frozenset({_Kind.ATTRIBUTE, _Kind.TAG, _Kind.METADATA})
_ORDER_HINT: Final = f"Sort by at most {MAX_ORDER} attributes, tags and metadata, each once."
_IN_SPAN: Final = "attributes."
_EXACT: Final = frozenset({Comparison.EQUAL, Comparison.UNEQUAL})
_COMPARISONS: Final = {
    _Kind.ATTRIBUTE: _EXACT | PATTERNS | LISTS,
    _Kind.TAG: _EXACT | PATTERNS | LISTS | NULLS,
    _Kind.METADATA: _EXACT | PATTERNS | LISTS | NULLS,
    _Kind.SPAN: _EXACT | PATTERNS | LISTS,
    _Kind.SPAN_ATTRIBUTE: _EXACT | PATTERNS | LISTS | NULLS,
    _Kind.FEEDBACK: ORDERING | PATTERNS | NULLS,
    _Kind.EXPECTATION: ORDERING | PATTERNS | NULLS,
    _Kind.ISSUE: frozenset({Comparison.EQUAL}),
    _Kind.PROMPT: frozenset({Comparison.EQUAL}),
}


def trace_conditions(text: str | None) -> tuple[TraceCondition, ...]:
    """Return the conditions of a filter of traces.

    Raises:
        InvalidError: `InvalidFilter`, naming what is wrong.
    """
    return tuple(map(_condition, clauses_of(text)))


def trace_order(entries: Iterable[str]) -> tuple[TraceOrder, ...]:
    """Return the order that a list of `order_by` asks for.

    Raises:
        InvalidError: `InvalidOrder` or `InvalidFilter`.
    """
    keys = sort_keys(entries, _sortable, hint=_ORDER_HINT)
    return tuple(TraceOrder(kind, key, ascending=not descends) for (kind, key), descends in keys)


def _condition(clause: Clause) -> TraceCondition:
    kind, key = _meaning(clause.identifier)
    comparison, value = clause.comparison, clause.value
    check_comparison(clause, _allowed(kind, key))
    check_value(clause, wants_number=_wants_number(kind, key, comparison))
    if kind is _Kind.PROMPT and not _is_prompt(str(value)):
        raise invalid(
            f"Invalid prompt {shown(value)}. A prompt is named with its version, as in `p/1`."
        )
    if (kind, key, comparison) == (_Kind.METADATA, RUN_METADATA, Comparison.EQUAL):
        kind, key = _Kind.RUN, ""
    return TraceCondition(kind, key, comparison, value)


def _allowed(kind: TraceFieldKind, key: str) -> frozenset[Comparison]:
    if kind is _Kind.ATTRIBUTE and key in _TIMES:
        return ORDERING
    if kind is _Kind.SPAN and key == "content":
        return PATTERNS
    return _COMPARISONS[kind]


def _meaning(identifier: Identifier) -> tuple[TraceFieldKind, str]:
    kind = _ENTITIES.get(identifier.entity)
    if kind is None:
        raise invalid(
            f"Invalid entity type {shown(identifier.entity)}. "
            f"Valid values are {', '.join(filter(None, _ENTITIES))}."
        )
    key = identifier.key
    if kind is _Kind.ATTRIBUTE:
        if key.lower() not in _ATTRIBUTES:
            raise invalid(
                f"Invalid attribute key {shown(key)} specified. "
                f"Valid keys are {', '.join(_ATTRIBUTES)}."
            )
        return _ATTRIBUTES[key.lower()]
    if kind is _Kind.SPAN:
        return _span_meaning(key)
    if kind is _Kind.ISSUE and key != "id":
        raise invalid(f"Invalid issue attribute {shown(key)}. Supported attributes: id.")
    return kind, key


def _sortable(identifier: Identifier) -> tuple[TraceFieldKind, str]:
    kind, key = _meaning(identifier)
    if kind not in _SORTABLE:
        words = f"Invalid order_by clause {shown_name(identifier)}."
        raise invalid_order(words, hint=_ORDER_HINT)
    return kind, key


def _span_meaning(key: str) -> tuple[TraceFieldKind, str]:
    if key.startswith(_IN_SPAN) and len(key) > len(_IN_SPAN):
        return _Kind.SPAN_ATTRIBUTE, key.removeprefix(_IN_SPAN).strip("`\"'")
    if key not in _SPAN_KEYS:
        raise invalid(
            f"Invalid span attribute {shown(key)}. "
            f"Supported attributes: {', '.join(sorted(_SPAN_KEYS))}, attributes.<name>."
        )
    return _Kind.SPAN, key


def _wants_number(kind: TraceFieldKind, key: str, comparison: Comparison) -> bool:
    if kind in {_Kind.FEEDBACK, _Kind.EXPECTATION}:
        return comparison in ORDERING - _EXACT
    return kind is _Kind.ATTRIBUTE and key in _TIMES


def _is_prompt(value: str) -> bool:
    name, slash, version = value.partition("/")
    return bool(name and slash and version) and "/" not in version
