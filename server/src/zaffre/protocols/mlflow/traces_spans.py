"""Spans: from what exporters send to the domain, and back to what clients read."""

import base64
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.names import TAG
from zaffre.domain.traces import Span, SpanBatch, SpanStatus, preview
from zaffre.protocols.mlflow.otlp_messages import SentEvent, SentLink, SentSpan
from zaffre.protocols.mlflow.traces_shapes import settable

_TYPE: Final = "mlflow.spanType"
_INPUTS: Final = "mlflow.spanInputs"
_OUTPUTS: Final = "mlflow.spanOutputs"
_SERVICE: Final = "service.name"
_TAG_PREFIX: Final = "mlflow.traceTag."
# What spans say of the whole trace: the first that says it counts.
_METADATA: Final = {
    "session.id": "mlflow.trace.session",
    "gen_ai.conversation.id": "mlflow.trace.session",
    "user.id": "mlflow.trace.user",
}
_OWN: Final = ("telemetry.sdk.", "mlflow.")
_MAX_TAG: Final = 4096
_MAX_TAGS: Final = 100
_MAX_INT: Final = (1 << 63) - 1
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16
_PLAIN: Final = {bool: "bool_value", str: "string_value", float: "double_value"}
_STATUSES: Final = (SpanStatus.UNSET, SpanStatus.OK, SpanStatus.ERROR)


def batches_of(spans: Iterable[SentSpan]) -> list[SpanBatch]:
    """Return the spans trace by trace.

    Raises:
        InvalidError: `InvalidId` or `InvalidTime`.
    """
    sent: dict[str, list[tuple[SentSpan, Span]]] = {}
    for span in spans:
        trace_id = f"tr-{_id(span.trace_id, _TRACE_DIGITS, 'trace_id')}"
        sent.setdefault(trace_id, []).append((span, _to_span(span)))
    return [_batch(trace_id, given) for trace_id, given in sent.items()]


def from_span(span: Span, trace_id: str) -> dict[str, Any]:
    """Return a span of a trace as OpenTelemetry's `Span` in JSON of protocol buffers."""
    details = json.loads(span.details)
    parent = {} if span.parent_id is None else {"parent_span_id": _base64(span.parent_id)}
    return {
        "trace_id": _base64(trace_id.removeprefix("tr-")),
        "span_id": _base64(span.id),
        **parent,
        "trace_state": details.get("trace_state", ""),
        "name": span.name,
        "kind": details.get("kind", 0),
        "start_time_unix_nano": span.started_ns,
        "end_time_unix_nano": span.ended_ns or 0,
        "attributes": _from_attributes(json.loads(span.attributes)),
        "events": [
            {
                "time_unix_nano": event["time_ns"],
                "name": event["name"],
                "attributes": _from_attributes(event["attributes"]),
            }
            for event in details.get("events", ())
        ],
        "links": [
            {
                "trace_id": _base64(link["trace_id"]),
                "span_id": _base64(link["span_id"]),
                "attributes": _from_attributes(link["attributes"]),
            }
            for link in details.get("links", ())
        ],
        "status": {
            "code": f"STATUS_CODE_{span.status}",
            "message": details.get("status_message", ""),
        },
    }


def _batch(trace_id: str, sent: list[tuple[SentSpan, Span]]) -> SpanBatch:
    root = next((span for span, made in sent if made.parent_id is None), None)
    attributes = root.attributes if root is not None else {}
    metadata: dict[str, str] = {}
    for span, _ in sent:
        for name, key in _METADATA.items():
            if isinstance(span.attributes.get(name), str):
                value = span.attributes[name].replace("\0", "")
                metadata.setdefault(key, value[:_MAX_TAG])
    return SpanBatch(
        trace_id=trace_id,
        spans=tuple(made for _, made in sent),
        tags=_tags(sent[0][0].resource, attributes),
        metadata=metadata,
        request_preview=_preview(attributes.get(_INPUTS)),
        response_preview=_preview(attributes.get(_OUTPUTS)),
    )


def _tags(resource: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return what the program says of itself, and the tags that it gave the trace."""
    tags = {key: value for key, value in resource.items() if not key.startswith(_OWN)}
    tags |= {
        key.removeprefix(_TAG_PREFIX): value
        for key, value in attributes.items()
        if key.startswith(_TAG_PREFIX)
    }
    texts = {key: value if isinstance(value, str) else _json(value) for key, value in tags.items()}
    kept = [
        (key, value)
        for key, value in settable(texts).items()
        if TAG.pattern.fullmatch(key) and len(value) <= _MAX_TAG and "\0" not in value
    ]
    return dict(kept[:_MAX_TAGS])


def _preview(value: Any) -> str | None:  # noqa: ANN401 - whatever was sent
    return None if value is None else preview(_json(value).replace("\0", ""))


def _to_span(span: SentSpan) -> Span:
    span_type = span.attributes.get(_TYPE)
    details = {
        "status_message": span.status_message,
        "trace_state": span.trace_state,
        "kind": span.kind,
        "events": [_event(event) for event in span.events],
        "links": [link for link in map(_link, span.links) if link is not None],
    }
    return Span(
        id=_id(span.span_id, _SPAN_DIGITS, "span_id"),
        parent_id=_id(span.parent_id, _SPAN_DIGITS, "parent_span_id") if span.parent_id else None,
        name=span.name.replace("\0", ""),
        type=span_type if isinstance(span_type, str) else None,
        status=_STATUSES[span.status] if 0 <= span.status < len(_STATUSES) else SpanStatus.UNSET,
        started_ns=_time(span.started_ns),
        ended_ns=_time(span.ended_ns) or None,
        attributes=_json(_sayable(_with_service(span))),
        details=_json({name: value for name, value in details.items() if value}),
    )


def _with_service(span: SentSpan) -> dict[str, Any]:
    """Return the attributes; a root says too which service it is of, as at MLflow's server."""
    named = {key: span.resource[key] for key in (_SERVICE,) if key in span.resource}
    return span.attributes if span.parent_id else {**named, **span.attributes}


def _event(event: SentEvent) -> dict[str, Any]:
    return {
        "time_ns": _time(event.time_ns),
        "name": event.name,
        "attributes": _sayable(event.attributes),
    }


def _link(link: SentLink) -> dict[str, Any] | None:
    """Return the link; None for one whose ids are wider than OpenTelemetry's, as MLflow does."""
    if not _fits(link.trace_id, _TRACE_DIGITS) or not _fits(link.span_id, _SPAN_DIGITS):
        return None
    return {
        "trace_id": link.trace_id.zfill(_TRACE_DIGITS),
        "span_id": link.span_id.zfill(_SPAN_DIGITS),
        "attributes": _sayable(link.attributes),
    }


def _fits(text: str, digits: int) -> bool:
    return 0 < len(text) <= digits


def _id(text: str, digits: int, target: str) -> str:
    if not _fits(text, digits) or not text.strip("0"):
        raise InvalidError(
            "InvalidId",
            f"The id {shown(text)} of a span is not {digits // 2} bytes long.",
            target=target,
        )
    return text.zfill(digits)


def _time(nanos: int) -> int:
    if not 0 <= nanos <= _MAX_INT:
        raise InvalidError("InvalidTime", f"The time {shown(nanos)} is none.", target="time")
    return nanos


def _sayable(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    """Return the value with words for the numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _sayable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sayable(inner) for inner in value]
    return value


def _json(value: Any) -> str:  # noqa: ANN401 - whatever was sent
    # Searches look into the text, so that letters stay as people write them.
    return json.dumps(value, ensure_ascii=False)


def _from_attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _from_value(value)} for key, value in attributes.items()]


def _from_value(value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever was sent
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return {plain: value}
    if isinstance(value, int):
        return {"int_value": value} if -_MAX_INT <= value <= _MAX_INT else {"double_value": value}
    if isinstance(value, list):
        return {"array_value": {"values": [_from_value(each) for each in value]}}
    if isinstance(value, dict):
        return {"kvlist_value": {"values": _from_attributes(value)}}
    return {}


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()
