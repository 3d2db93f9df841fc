"""Bodies of traces and assessments, and their way to the domain and back.

Times come and go as protocol buffers write them in JSON: `2026-01-31T10:00:00.123Z`, `1.500s`.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.traces import Assessment, AssessmentKind, Trace, TraceState
from zaffre.protocols.mlflow.ids import shown_id
from zaffre.protocols.mlflow.messages import required
from zaffre.services.traces import NewTrace

# Where a trace lies, for clients; they cannot be set.
ARTIFACTS_TAG: Final = "mlflow.artifactLocation"
SPANS_TAG: Final = "mlflow.trace.spansLocation"
ARCHIVE_TAGS: Final = ("mlflow.trace.archiveLocation", "mlflow.trace.archivalFailure")
KEPT_TAGS: Final = frozenset({ARTIFACTS_TAG, SPANS_TAG, *ARCHIVE_TAGS})
_SECOND: Final = 1000
_MAX_MS: Final = 253_402_300_799_999
_MAX_DURATION_MS: Final = 315_576_000_000_000
_MAX_DEPTH: Final = 30
_JSON_FORMAT: Final = "JSON_FORMAT"
_UNSPECIFIED: Final = "SOURCE_TYPE_UNSPECIFIED"


class ExperimentLocation(msgspec.Struct):
    """The experiment of a trace."""

    experiment_id: str = ""


class Location(msgspec.Struct, omit_defaults=True):
    """Where a trace lies: always in an experiment."""

    mlflow_experiment: ExperimentLocation | None = None
    type: str | int = ""


class ErrorBody(msgspec.Struct, omit_defaults=True):
    """Why there is no feedback."""

    error_code: str = ""
    error_message: str = ""
    stack_trace: str = ""


class FeedbackBody(msgspec.Struct):
    """How good an answer is."""

    value: Any = None
    error: ErrorBody | None = None


class SerializedBody(msgspec.Struct):
    """A value that protocol buffers cannot hold."""

    serialization_format: str = _JSON_FORMAT
    value: str = "null"


class ExpectationBody(msgspec.Struct):
    """What an answer should be."""

    value: Any = None
    serialized_value: SerializedBody | None = None


class IssueBody(msgspec.Struct):
    """What is wrong."""

    issue_name: str = ""


class SourceBody(msgspec.Struct):
    """Who says it."""

    source_type: str = _UNSPECIFIED
    source_id: str = ""


class AssessmentBody(msgspec.Struct):
    """An assessment, or what is known of one to be."""

    assessment_id: str = ""
    assessment_name: str = ""
    trace_id: str = ""
    span_id: str | None = None
    source: SourceBody = msgspec.field(default_factory=SourceBody)
    create_time: str | None = None
    last_update_time: str | None = None
    feedback: FeedbackBody | None = None
    expectation: ExpectationBody | None = None
    issue: IssueBody | None = None
    rationale: str | None = None
    error: ErrorBody | None = None
    metadata: dict[str, str] = {}
    overrides: str | None = None
    valid: bool = True


class TraceInfoBody(msgspec.Struct):
    """What a program says of a trace."""

    trace_id: str = ""
    client_request_id: str | None = None
    trace_location: Location = msgspec.field(default_factory=Location)
    request_preview: str | None = None
    response_preview: str | None = None
    request_time: str | None = None
    execution_duration: str | None = None
    state: TraceState | int = TraceState.UNSPECIFIED
    trace_metadata: dict[str, str] = {}
    tags: dict[str, str] = {}
    assessments: list[AssessmentBody] = []


def to_new_trace(body: TraceInfoBody, *, now_ms: int) -> NewTrace:
    """Return what a program says of a trace."""
    return NewTrace(
        id=required(body.trace_id, "trace_id"),
        state=state_of(body.state),
        started_ms=_to_millis(required(body.request_time, "request_time"), "request_time"),
        duration_ms=_to_duration(body.execution_duration),
        client_request_id=body.client_request_id,
        request_preview=body.request_preview,
        response_preview=body.response_preview,
        tags=settable(body.tags),
        metadata=body.trace_metadata,
        assessments=[
            to_assessment(each, body.trace_id, now_ms=now_ms) for each in body.assessments
        ],
    )


def from_trace(trace: Trace) -> dict[str, Any]:
    """Return the trace as newer clients read it."""
    optional = {
        "client_request_id": trace.client_request_id,
        "request_preview": trace.request_preview,
        "response_preview": trace.response_preview,
        "execution_duration": _from_duration(trace.duration_ms),
    }
    return {
        "trace_id": trace.id,
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {
                "experiment_id": shown_id(trace.experiment_id, trace.experiment_name)
            },
        },
        "request_time": from_millis(trace.started_ms),
        "state": trace.state,
        "trace_metadata": trace.metadata,
        "tags": tags_of(trace),
        "assessments": [from_assessment(each) for each in trace.assessments],
        **{name: value for name, value in optional.items() if value is not None},
    }


def tags_of(trace: Trace) -> dict[str, str]:
    """Return the tags of a trace with those that say where its data lie."""
    spans = {SPANS_TAG: "TRACKING_STORE"} if trace.has_spans else {}
    return {**trace.tags, ARTIFACTS_TAG: f"mlflow-artifacts:/traces/{trace.id}", **spans}


def settable(tags: dict[str, str]) -> dict[str, str]:
    """Return the tags that programs may set; the others are the server's to say."""
    return {key: value for key, value in tags.items() if key not in KEPT_TAGS}


def to_assessment(body: AssessmentBody, trace_id: str, *, now_ms: int) -> Assessment:
    """Return an assessment; its id is empty when the server is to give one."""
    kind, value, error = to_content(body)
    now = from_millis(now_ms)
    return Assessment(
        id=body.assessment_id,
        trace_id=trace_id,
        name=required(body.assessment_name, "assessment_name"),
        kind=kind,
        value=value,
        error=error,
        source_type=body.source.source_type,
        source_id=body.source.source_id,
        span_id=body.span_id or None,
        rationale=body.rationale,
        metadata=body.metadata,
        overrides=body.overrides or None,
        valid=body.valid,
        created_ms=_to_millis(body.create_time or now, "create_time"),
        updated_ms=_to_millis(body.last_update_time or now, "last_update_time"),
    )


def to_content(body: AssessmentBody) -> tuple[AssessmentKind, Any, dict[str, str] | None]:
    """Return of what kind an assessment is, its value, and why there is none.

    Raises:
        InvalidError: `InvalidAssessment`, when it is of no kind, or of two.
    """
    given = [body.feedback, body.expectation, body.issue]
    if sum(each is not None for each in given) != 1:
        raise InvalidError(
            "InvalidAssessment",
            "Exactly one of `expectation`, `feedback` or `issue` should be specified.",
            target="assessment",
        )
    if body.feedback is not None:
        error = body.feedback.error or body.error
        reason = None if error is None else msgspec.to_builtins(error)
        return AssessmentKind.FEEDBACK, _shallow(body.feedback.value), reason
    if body.expectation is not None:
        return AssessmentKind.EXPECTATION, _to_expected(body.expectation), None
    return AssessmentKind.ISSUE, body.issue.issue_name if body.issue else "", None


def from_assessment(assessment: Assessment) -> dict[str, Any]:
    """Return the assessment as clients read it."""
    optional = {
        "span_id": assessment.span_id,
        "rationale": assessment.rationale,
        "overrides": assessment.overrides,
        "error": assessment.error,
    }
    return {
        "assessment_id": assessment.id,
        "assessment_name": assessment.name,
        "trace_id": assessment.trace_id,
        "source": {"source_type": assessment.source_type, "source_id": assessment.source_id},
        "create_time": from_millis(assessment.created_ms),
        "last_update_time": from_millis(assessment.updated_ms),
        "metadata": assessment.metadata,
        "valid": assessment.valid,
        assessment.kind.value: _from_content(assessment),
        **{name: value for name, value in optional.items() if value is not None},
    }


def check_millis(value: int, target: str) -> int:
    """Return a time if it is one that calendars know.

    Raises:
        InvalidError: `InvalidTime`.
    """
    if not 0 <= value <= _MAX_MS:
        raise InvalidError(
            "InvalidTime", f"The time {shown(value)} of {shown(target)} is none.", target=target
        )
    return value


def from_millis(value: int) -> str:
    """Return a time as protocol buffers write it."""
    seconds, millis = divmod(value, _SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def state_of(state: TraceState | int) -> TraceState:
    """Return a state that may have come as its number.

    Raises:
        InvalidError: `InvalidState`.
    """
    if isinstance(state, TraceState):
        return state
    known = list(TraceState)
    if not 0 <= state < len(known):
        raise InvalidError("InvalidState", f"There is no state {shown(state)}.", target="state")
    return known[state]


def _to_millis(text: str, target: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError(
            "InvalidTime",
            f"The time {shown(text)} of {shown(target)} cannot be read.",
            target=target,
            hint="Write `2026-01-31T10:00:00.123Z`.",
        ) from None
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return check_millis(round(aware.timestamp() * _SECOND), target)


def _to_duration(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        millis = round(float(text.removesuffix("s")) * _SECOND)
    except (ValueError, OverflowError):
        millis = _MAX_DURATION_MS + 1
    if abs(millis) > _MAX_DURATION_MS:
        raise InvalidError(
            "InvalidDuration",
            f"The duration {shown(text)} cannot be read.",
            target="execution_duration",
            hint="Write `1.500s`.",
        )
    return millis


def _from_duration(millis: int | None) -> str | None:
    if millis is None:
        return None
    seconds, rest = divmod(abs(millis), _SECOND)
    return f"{'-' if millis < 0 else ''}{seconds}.{rest:03d}s"


def _to_expected(body: ExpectationBody) -> Any:  # noqa: ANN401 - anything that JSON can say
    if body.serialized_value is None:
        return _shallow(body.value)
    try:
        value = json.loads(body.serialized_value.value)
        json.dumps(value, ensure_ascii=False).encode()  # Half characters are no text.
    except (ValueError, RecursionError):
        raise InvalidError(
            "InvalidJson", "The serialized expectation is not JSON.", target="expectation"
        ) from None
    return _shallow(value)


def _shallow(value: Any) -> Any:  # noqa: ANN401 - anything that JSON can say
    """Return the value unless it is nested so deeply that clients could not read it."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return value
    raise InvalidError(
        "TooDeep", f"The value is nested deeper than {_MAX_DEPTH} levels.", target="value"
    )


def _inside(value: Any) -> Iterable[Any]:  # noqa: ANN401 - anything that JSON can say
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _from_content(assessment: Assessment) -> dict[str, Any]:
    value = assessment.value
    if assessment.kind is AssessmentKind.ISSUE:
        return {"issue_name": value}
    if assessment.kind is AssessmentKind.EXPECTATION and isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False)
        return {"serialized_value": {"serialization_format": _JSON_FORMAT, "value": text}}
    error = {} if assessment.error is None else {"error": assessment.error}
    return {"value": value, **error}
