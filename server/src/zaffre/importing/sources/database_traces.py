"""Traces in MLflow's databases, in the words of version 3 of its API."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from zaffre.importing.entities import Experiment, Trace
from zaffre.importing.errors import BrokenThingError
from zaffre.importing.sources.tables import Row, Tables

_STATES: Final = {"OK": "OK", "ERROR": "ERROR", "IN_PROGRESS": "IN_PROGRESS"}


def trace_of(tables: Tables, experiment: Experiment, row: Row) -> Trace:
    """Return a trace with its spans and assessments.

    Raises:
        BrokenThingError: A part of it is not what it should be.
    """
    this = row["request_id"]
    duration = row["execution_time_ms"]
    info = {
        "client_request_id": row.get("client_request_id"),
        "request_preview": row.get("request_preview"),
        "response_preview": row.get("response_preview"),
        "request_time": shown_time(row["timestamp_ms"]),
        "execution_duration": None if duration is None else f"{duration / 1000:.3f}s",
        "state": _STATES.get(row["status"], "STATE_UNSPECIFIED"),
        "trace_metadata": tables.pairs(
            "trace_request_metadata", {"request_id": this}, key="key", value="value"
        ),
        "tags": tables.pairs("trace_tags", {"request_id": this}, key="key", value="value"),
    }
    spans = tables.rows("spans", {"trace_id": this}, order=("start_time_unix_nano",))
    return Trace(
        id=this,
        experiment=experiment,
        info={key: value for key, value in info.items() if value is not None},
        spans=tuple(_object(span["content"]) for span in spans),
        assessments=tuple(
            _assessment(one)
            for one in tables.rows("assessments", {"trace_id": this}, order=("created_timestamp",))
        ),
    )


def shown_time(milliseconds: int) -> str:
    """Return a time as protocol buffers write it in JSON.

    Raises:
        BrokenThingError: It lies outside of what a calendar has.
    """
    try:
        moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise BrokenThingError(f"`{milliseconds}` is no time") from error
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _assessment(row: Row) -> dict[str, Any]:
    kind = row["assessment_type"]
    said: Mapping[str, Any] = {"value": _json(row["value"])}
    if kind == "feedback" and row["error"]:
        said = {**said, "error": _json(row["error"])}
    if kind == "issue":
        said = {"issue_name": row["name"]}
    found = {
        "assessment_id": row["assessment_id"],
        "assessment_name": row["name"],
        "trace_id": row["trace_id"],
        "span_id": row["span_id"],
        "source": {"source_type": row["source_type"], "source_id": row["source_id"] or ""},
        "create_time": shown_time(row["created_timestamp"]),
        "last_update_time": shown_time(row["last_updated_timestamp"]),
        kind: said,
        "rationale": row["rationale"],
        "metadata": _json(row["assessment_metadata"]) or {},
        "overrides": row["overrides"],
        "valid": bool(row["valid"]),
    }
    return {key: value for key, value in found.items() if value is not None}


def _object(text: str) -> dict[str, Any]:
    found = _json(text)
    if not isinstance(found, dict):
        raise BrokenThingError("a span cannot be read")
    return found


def _json(text: str | None) -> Any:  # noqa: ANN401 - any JSON
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenThingError(f"`{text[:50]}` is no JSON") from error
