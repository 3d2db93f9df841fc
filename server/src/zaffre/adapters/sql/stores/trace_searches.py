"""Searches of traces in SQL: conditions, order, and where a page begins."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from zaffre.adapters.sql.stores.matching import matches
from zaffre.adapters.sql.tables import assessments, spans, trace_labels, trace_links, traces
from zaffre.domain.search import Comparison
from zaffre.domain.traces import RUN_METADATA, AssessmentKind
from zaffre.ports.traces import Place, TraceCondition, TraceFieldKind, TraceOrder, TraceQuery

_Kind = TraceFieldKind
_SPANS: Final = frozenset({_Kind.SPAN, _Kind.SPAN_ATTRIBUTE})
_LABELS: Final = {_Kind.TAG: "tag", _Kind.METADATA: "metadata"}
_ATTRIBUTES: Final[dict[str, Any]] = {
    "id": traces.c.id,
    "state": type_coerce(traces.c.state, Text),
    "started_ms": traces.c.started_ms,
    "duration_ms": traces.c.duration_ms,
    "ended_ms": traces.c.started_ms + func.coalesce(traces.c.duration_ms, 0),
    "client_request_id": traces.c.client_request_id,
    "experiment_id": traces.c.experiment_id,
}
# What stands for NULL while sorting.
_EMPTY: Final[dict[str, str | int]] = {"duration_ms": 0, "client_request_id": ""}
_NEWEST: Final = (
    TraceOrder(_Kind.ATTRIBUTE, "started_ms", ascending=False),
    TraceOrder(_Kind.ATTRIBUTE, "id"),
)
_Term = tuple[Any, bool]


def searched(
    chosen: "Select[Any]", workspace_id: str, query: TraceQuery, *, after: Place | None
) -> "tuple[Select[Any], int]":
    """Return the statement, and how many columns at its end are the place of a row."""
    terms = [*_terms(query.order)]
    statement = chosen.add_columns(*(term for term, _ in terms)).where(
        traces.c.workspace_id == workspace_id,
        traces.c.experiment_id.in_(query.experiment_ids),
        *_conditions(query.conditions),
    )
    if after is not None:
        statement = statement.where(_behind(terms, after))
    order = (term.asc() if ascending else term.desc() for term, ascending in terms)
    return statement.order_by(*order), len(terms)


def digest_of(value: str) -> bytes:
    """Return by what a value is found in an index, however long it is."""
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _terms(order: Sequence[TraceOrder]) -> Iterator[_Term]:
    """Yield what to sort by, nothing of which is NULL, so that every place can be named."""
    asked = {(each.kind, each.key) for each in order}
    rest = [each for each in _NEWEST if (each.kind, each.key) not in asked]
    for each in (*order, *rest):
        value, empty = _sorted_by(each)
        if empty is not None:
            yield case((value.is_(None), 1), else_=0), True
            yield func.coalesce(value, empty), each.ascending
        else:
            yield value, each.ascending


def _sorted_by(order: TraceOrder) -> tuple[Any, str | int | None]:
    if order.kind is _Kind.ATTRIBUTE:
        return _ATTRIBUTES[order.key], _EMPTY.get(order.key)
    labelled = select(trace_labels.c.value).where(
        trace_labels.c.trace_key == traces.c.key,
        trace_labels.c.label == _LABELS[order.kind],
        trace_labels.c.name == order.key,
    )
    return labelled.scalar_subquery(), ""


def _behind(terms: Sequence[_Term], place: Place) -> "ColumnElement[bool]":
    options = []
    for number, (term, ascending) in enumerate(terms):
        equal = [t == value for (t, _), value in zip(terms[:number], place, strict=False)]
        further = term > place[number] if ascending else term < place[number]
        options.append(and_(*equal, further))
    return or_(*options)


def _conditions(conditions: Sequence[TraceCondition]) -> "Iterator[ColumnElement[bool]]":
    of_spans = [each for each in conditions if each.kind in _SPANS]
    if of_spans:
        yield exists().where(spans.c.trace_key == traces.c.key, *map(_span, of_spans))
    for each in conditions:
        if each.kind not in _SPANS:
            yield _BY_KIND[each.kind](each)


def _attribute(condition: TraceCondition) -> "ColumnElement[bool]":
    return matches(_ATTRIBUTES[condition.key], condition.comparison, condition.value)


def _label(condition: TraceCondition) -> "ColumnElement[bool]":
    from_labels = select(trace_labels.c.trace_key).where(
        trace_labels.c.label == _LABELS[condition.kind], trace_labels.c.name == condition.key
    )
    if condition.comparison is Comparison.EQUAL:
        digest = digest_of(str(condition.value))
        return traces.c.key.in_(from_labels.where(trace_labels.c.digest == digest))
    here = from_labels.where(trace_labels.c.trace_key == traces.c.key)
    return _present(here, condition, trace_labels.c.value)


def _present(
    here: "Select[Any]",
    condition: TraceCondition,
    *columns: Any,  # noqa: ANN401 - columns of any type
) -> "ColumnElement[bool]":
    """Return whether one of the rows is there at all, or compares so."""
    if condition.comparison is Comparison.IS_NULL:
        return ~here.exists()
    if condition.comparison is Comparison.IS_NOT_NULL:
        return here.exists()
    compared = [matches(c, condition.comparison, condition.value) for c in columns]
    return here.where(or_(*compared)).exists()


def _linked(kind: str, target: object) -> "ColumnElement[bool]":
    return traces.c.key.in_(
        select(trace_links.c.trace_key).where(
            trace_links.c.kind == kind, trace_links.c.target == target
        )
    )


def _run(condition: TraceCondition) -> "ColumnElement[bool]":
    made_in = TraceCondition(_Kind.METADATA, RUN_METADATA, Comparison.EQUAL, condition.value)
    return or_(_linked("run", condition.value), _label(made_in))


def _prompt(condition: TraceCondition) -> "ColumnElement[bool]":
    return _linked("prompt", condition.value)


def _assessment(condition: TraceCondition) -> "ColumnElement[bool]":
    here = select(assessments.c.key).where(
        assessments.c.trace_key == traces.c.key,
        assessments.c.kind == AssessmentKind(condition.kind.value),
        assessments.c.name == condition.key,
        assessments.c.valid.is_(True),
    )
    numeric = isinstance(condition.value, int | float)
    return _present(here, condition, assessments.c.number if numeric else assessments.c.words)


def _issue(condition: TraceCondition) -> "ColumnElement[bool]":
    return exists().where(
        assessments.c.trace_key == traces.c.key,
        assessments.c.kind == AssessmentKind.ISSUE,
        assessments.c.name == condition.value,
    )


def _span(condition: TraceCondition) -> "ColumnElement[bool]":
    if condition.kind is _Kind.SPAN_ATTRIBUTE:
        pair = func.json_each(spans.c.attributes).table_valued("key", "value")
        here = select(literal(1)).select_from(pair).where(pair.c.key == condition.key)
        return _present(here, condition, pair.c.value)
    if condition.key == "content":
        columns = (spans.c.name, spans.c.attributes, spans.c.details)
        return or_(*(matches(c, condition.comparison, condition.value) for c in columns))
    column = type_coerce(spans.c[condition.key], Text)
    return matches(column, condition.comparison, condition.value)


_BY_KIND: Final[dict[TraceFieldKind, Callable[[TraceCondition], "ColumnElement[bool]"]]] = {
    _Kind.ATTRIBUTE: _attribute,
    _Kind.TAG: _label,
    _Kind.METADATA: _label,
    _Kind.RUN: _run,
    _Kind.PROMPT: _prompt,
    _Kind.FEEDBACK: _assessment,
    _Kind.EXPECTATION: _assessment,
    _Kind.ISSUE: _issue,
}
