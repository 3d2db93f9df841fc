"""Traces: what is known of each, its spans, and what people said of it."""

import base64
import json
from collections.abc import Iterable
from typing import Any, Final

from zaffre_sdk.errors import NotFoundError

from zaffre.importing.entities import Trace
from zaffre.importing.errors import BrokenThingError
from zaffre.importing.report import Report
from zaffre.importing.target import Target

_MAX_DEPTH: Final = 30
_STATUSES: Final = {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2, "OK": 1, "ERROR": 2}


class TraceWriter:
    """Brings traces; from several threads, one trace each."""

    def __init__(self, target: Target, report: Report) -> None:
        self._target = target
        self._report = report

    def bring(self, trace: Trace, experiment_id: str) -> None:
        """Bring a trace; its spans come first, so that one that is there has them."""
        with self._report.about(f"trace {trace.id}"):
            if self._is_there(trace.id):
                self._report.was_there("traces")
                return
            if trace.spans:
                scope = {"spans": list(map(otlp_span, trace.spans))}
                body = {"resourceSpans": [{"scopeSpans": [scope]}]}
                self._target.send_spans(experiment_id, body)
            info = {
                **trace.info,
                "trace_id": trace.id,
                "trace_location": {
                    "type": "MLFLOW_EXPERIMENT",
                    "mlflow_experiment": {"experiment_id": experiment_id},
                },
                "assessments": list(trace.assessments),
            }
            self._target.mlflow("3.0/mlflow/traces", {"trace": {"trace_info": info}})
            self._report.came("traces")

    def _is_there(self, trace_id: str) -> bool:
        """Tell whether it came before with all that belongs to it: a state comes last."""
        try:
            found = self._target.ask_mlflow(f"3.0/mlflow/traces/{trace_id}")
        except NotFoundError:
            return False
        state = found["trace"]["trace_info"].get("state", "STATE_UNSPECIFIED")
        return state not in {"STATE_UNSPECIFIED", "IN_PROGRESS"}


def otlp_span(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span as OTLP's JSON has it, from the way in which MLflow keeps it."""
    try:
        status = span.get("status") or {}
        return {
            "traceId": _hex(span["trace_id"]),
            "spanId": _hex(span["span_id"]),
            "parentSpanId": _hex(span.get("parent_span_id") or ""),
            "name": span["name"],
            "startTimeUnixNano": int(span["start_time_unix_nano"]),
            "endTimeUnixNano": int(span.get("end_time_unix_nano") or 0),
            "attributes": _decoded(span.get("attributes") or {}),
            "events": [_event(event) for event in span.get("events") or ()],
            "links": [_link(link) for link in span.get("links") or ()],
            "status": {
                "code": _STATUSES.get(status.get("code", ""), 0),
                "message": status.get("message") or "",
            },
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenThingError(f"a span cannot be read: {error!r}") from error


def _event(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": event.get("name", ""),
        "timeUnixNano": int(event.get("time_unix_nano") or 0),
        "attributes": _plain(event.get("attributes") or {}),
    }


def _link(link: dict[str, Any]) -> dict[str, Any]:
    return {
        "traceId": _hex(link["trace_id"].removeprefix("tr-")),
        "spanId": _hex(link["span_id"]),
        "attributes": _plain(link.get("attributes") or {}),
    }


def _decoded(attributes: dict[str, Any] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return attributes: databases keep JSON texts, servers answer what OTLP's messages hold."""
    if isinstance(attributes, dict):
        return _pairs((key, _json(value)) for key, value in attributes.items())
    return _pairs((pair["key"], _held(pair.get("value") or {})) for pair in attributes)


def _held(value: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Return what a value of OTLP holds, whichever way its fields are written."""
    for kind, held in value.items():
        if kind in {"array_value", "arrayValue"}:
            return [_held(one) for one in held.get("values") or ()]
        if kind in {"kvlist_value", "kvlistValue"}:
            pairs = held.get("values") or ()
            return {pair["key"]: _held(pair.get("value") or {}) for pair in pairs}
        return int(held) if kind in {"int_value", "intValue"} else held
    return None


def _plain(attributes: dict[str, Any] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(attributes, dict):
        return _pairs(attributes.items())
    return _decoded(attributes)


def _json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _pairs(items: Iterable[tuple[str, Any]], depth: int = 0) -> list[dict[str, Any]]:
    return [{"key": str(key), "value": _any(value, depth + 1)} for key, value in items]


def _any(value: Any, depth: int) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    if depth > _MAX_DEPTH:
        return {"stringValue": json.dumps(value)}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _pairs(value.items(), depth + 1)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any(one, depth + 1) for one in value]}}
    for kind, name in ((bool, "boolValue"), (int, "intValue"), (float, "doubleValue")):
        if isinstance(value, kind):
            return {name: value}
    return {} if value is None else {"stringValue": str(value)}


def _hex(text: str) -> str:
    """Return an id in hexadecimal; stores keep it as base64."""
    if len(text) in {0, 16, 32} and all(letter in "0123456789abcdef" for letter in text):
        return text
    return base64.b64decode(text, validate=True).hex()
