"""OpenTelemetry's export request as JSON; ids are hexadecimal there, unlike elsewhere."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.protocols.mlflow.messages import Reader
from zaffre.protocols.mlflow.otlp_messages import (
    MAX_FIELDS,
    SentEvent,
    SentLink,
    SentSpan,
    too_many_fields,
)

_HEX: Final = re.compile(r"[0-9a-fA-F]*")
_MAX_DEPTH: Final = 60
_STATUS: Final = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}


class _Value(msgspec.Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | str | None = None
    bytes_value: str | None = None
    array_value: "_Values | None" = None
    kvlist_value: "_Pairs | None" = None


class _Values(msgspec.Struct):
    values: list[_Value] = []


class _Pair(msgspec.Struct):
    key: str = ""
    value: _Value = msgspec.field(default_factory=_Value)


class _Pairs(msgspec.Struct):
    values: list[_Pair] = []


class _Event(msgspec.Struct, rename="camel"):
    time_unix_nano: int = 0
    name: str = ""
    attributes: list[_Pair] = []


class _Link(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    attributes: list[_Pair] = []


class _Status(msgspec.Struct):
    code: int | str = 0
    message: str = ""


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    trace_state: str = ""
    name: str = ""
    kind: int | str = 0
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: list[_Pair] = []
    events: list[_Event] = []
    links: list[_Link] = []
    status: _Status = msgspec.field(default_factory=_Status)


class _Scope(msgspec.Struct):
    spans: list[_Span] = []


class _Resource(msgspec.Struct):
    attributes: list[_Pair] = []


class _Resources(msgspec.Struct, rename="camel"):
    resource: _Resource = msgspec.field(default_factory=_Resource)
    scope_spans: list[_Scope] = []


class _Request(msgspec.Struct, rename="camel"):
    resource_spans: list[_Resources] = []


_reader: Final = Reader(_Request)


def spans_of(body: bytes) -> Iterator[SentSpan]:
    """Yield the spans of an `ExportTraceServiceRequest`.

    Raises:
        InvalidError: `TooManyFields`, or as `Reader.body`.
    """
    # Every object begins with one; more may stand in texts, but seldom so many.
    if body.count(b"{") > MAX_FIELDS:
        raise too_many_fields()
    for one in _reader.body(body).resource_spans:
        resource = _attributes(one.resource.attributes)
        for scope in one.scope_spans:
            for span in scope.spans:
                yield _span(span, resource)


def _span(span: _Span, resource: dict[str, Any]) -> SentSpan:
    code = span.status.code
    return SentSpan(
        resource=resource,
        trace_id=_hex(span.trace_id),
        span_id=_hex(span.span_id),
        parent_id=_hex(span.parent_span_id),
        trace_state=span.trace_state,
        name=span.name,
        kind=span.kind if isinstance(span.kind, int) else 0,
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        status=_STATUS.get(code, 0) if isinstance(code, str) else code,
        status_message=span.status.message,
        attributes=_attributes(span.attributes),
        events=[
            SentEvent(time_ns=e.time_unix_nano, name=e.name, attributes=_attributes(e.attributes))
            for e in span.events
        ],
        links=[
            SentLink(
                trace_id=_hex(link.trace_id),
                span_id=_hex(link.span_id),
                attributes=_attributes(link.attributes),
            )
            for link in span.links
        ],
    )


def _attributes(pairs: Iterable[_Pair], depth: int = 0) -> dict[str, Any]:
    return {pair.key: _value(pair.value, depth + 1) for pair in pairs}


def _value(value: _Value, depth: int) -> Any:  # noqa: ANN401 - whatever was sent
    if depth > _MAX_DEPTH:
        raise InvalidError("TooDeep", "An attribute is nested too deeply.", target="body")
    if value.array_value is not None:
        return [_value(each, depth + 1) for each in value.array_value.values]
    if value.kvlist_value is not None:
        return _attributes(value.kvlist_value.values, depth + 1)
    plain = (
        value.string_value,
        value.bool_value,
        value.int_value,
        value.double_value,
        value.bytes_value,
    )
    return next((each for each in plain if each is not None), None)


def _hex(text: str) -> str:
    if not _HEX.fullmatch(text):
        raise InvalidError(
            "InvalidId", f"The id {shown(text)} is not hexadecimal.", target="spanId"
        )
    return text.lower()
