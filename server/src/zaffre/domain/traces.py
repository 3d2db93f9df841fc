"""A trace: what one call of a program did, span by span, and what people and judges say of it.

Times are whole milliseconds and nanoseconds since the epoch, as programs send them: a trace is
measured by the clock of the program that made it.
"""

import json
import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from zaffre.domain.names import NameRule

TRACE = NameRule(
    "trace",
    re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}"),
    "has 1 to 128 letters, digits, `_`, `-` or `.`, and begins with a letter, digit or `_`",
)
ASSESSMENT = replace(TRACE, noun="assessment")
NAME_TAG = "mlflow.traceName"
RUN_METADATA = "mlflow.sourceRun"
"""The metadata in which a program says which run it was in."""
SIZE_METADATA = "mlflow.trace.sizeStats"
MAX_PREVIEW = 1000
_NANOS = 1_000_000


class TraceState(StrEnum):
    """How a trace ended, as MLflow names it."""

    UNSPECIFIED = "STATE_UNSPECIFIED"
    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"


class SpanStatus(StrEnum):
    """How a span ended, as OpenTelemetry names it."""

    UNSET = "UNSET"
    OK = "OK"
    ERROR = "ERROR"


class AssessmentKind(StrEnum):
    """What an assessment says: how good an answer is, what it should be, or what is wrong."""

    FEEDBACK = "feedback"
    EXPECTATION = "expectation"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a person, a judge or a program says of a trace.

    Attributes:
        value: Anything that JSON can say.
        error: Why there is no value: `error_code`, `error_message`, `stack_trace`.
        overrides: The assessment that this one corrects; that one is not valid any more.
        created_by: The caller who added it.
    """

    id: str
    trace_id: str
    name: str
    kind: AssessmentKind
    value: Any = None
    error: dict[str, str] | None = None
    source_type: str
    source_id: str = ""
    span_id: str | None = None
    rationale: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    overrides: str | None = None
    valid: bool = True
    created_by: str = ""
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A step of a trace. What only its readers look into is kept as JSON text.

    Attributes:
        id: 16 hexadecimal digits.
        parent_id: The span around it; None for the root.
        ended_ns: None while it goes on.
        attributes: A JSON object.
        details: A JSON object: status message, events, links, kind.
    """

    id: str
    parent_id: str | None
    name: str
    type: str | None = None
    status: SpanStatus = SpanStatus.UNSET
    started_ns: int
    ended_ns: int | None = None
    attributes: str = "{}"
    details: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanBatch:
    """Spans of one trace that came together, and what they say of the trace.

    Attributes:
        tags, metadata: What they say of the whole trace.
    """

    trace_id: str
    spans: tuple[Span, ...]
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    request_preview: str | None = None
    response_preview: str | None = None

    @property
    def root(self) -> Span | None:
        """The span around all others, if it is among them."""
        return next((span for span in self.spans if span.parent_id is None), None)

    @property
    def started_ms(self) -> int:
        """When the first of them began."""
        return min(span.started_ns for span in self.spans) // _NANOS

    @property
    def ended_ms(self) -> int | None:
        """When the last of them ended; None when none did."""
        ends = [span.ended_ns for span in self.spans if span.ended_ns is not None]
        return max(ends) // _NANOS if ends else None

    @property
    def state(self) -> TraceState:
        """How the trace is, as far as they tell."""
        if self.root is None:
            return TraceState.IN_PROGRESS
        return TraceState.ERROR if self.root.status is SpanStatus.ERROR else TraceState.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A trace without its spans.

    Attributes:
        id: `tr-` and 32 hexadecimal digits where MLflow names it.
        experiment_name: Of the experiment that it is in.
        duration_ms: None while it goes on.
        client_request_id: How the program's own client called the request.
        request_preview, response_preview: The beginnings of what went in and came out.
        metadata: Said once by the program. Tags are free.
        is_told: The program said how the whole trace was; spans that come later do not change it.
        has_spans: Its spans are stored here; or else the program stored them as a file.
    """

    id: str
    workspace_id: str
    experiment_id: str
    experiment_name: str
    state: TraceState
    started_ms: int
    duration_ms: int | None = None
    client_request_id: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    assessments: tuple[Assessment, ...] = ()
    is_told: bool = False
    has_spans: bool = False
    created_by: str = ""

    @property
    def promised_spans(self) -> int:
        """How many spans the program said there are; 0 when it did not."""
        try:
            stats = json.loads(self.metadata.get(SIZE_METADATA, "{}"))
            count = stats.get("num_spans", 0)
        except (ValueError, AttributeError, RecursionError):
            return 0
        return count if isinstance(count, int) else 0

    def joined(self, batch: SpanBatch) -> "Trace":
        """Return the trace after these spans; what the program itself said of it stays."""
        told = replace(
            self,
            has_spans=True,
            request_preview=self.request_preview or batch.request_preview,
            response_preview=self.response_preview or batch.response_preview,
            tags={**_named(batch), **batch.tags, **self.tags},
            metadata={**batch.metadata, **self.metadata},
        )
        state = self.state
        if state in {TraceState.IN_PROGRESS, TraceState.UNSPECIFIED} and batch.root is not None:
            state = batch.state
        if self.is_told:
            return replace(told, state=state)
        started = min(self.started_ms, batch.started_ms)
        ends = _known(self.ended_ms, batch.ended_ms)
        duration = max(ends) - started if ends else None
        return replace(told, state=state, started_ms=started, duration_ms=duration)

    @property
    def ended_ms(self) -> int | None:
        """When it ended; None while it goes on."""
        return None if self.duration_ms is None else self.started_ms + self.duration_ms


def preview(text: str) -> str:
    """Return the beginning of what went in or came out."""
    return text if len(text) <= MAX_PREVIEW else f"{text[: MAX_PREVIEW - 3]}..."


def number_of(value: Any) -> float | None:  # noqa: ANN401 - anything that JSON can say
    """Return the number that an assessment's value is, for comparisons."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def words_of(value: Any) -> str:  # noqa: ANN401 - anything that JSON can say
    """Return an assessment's value as filters compare it: texts as they are, others as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _named(batch: SpanBatch) -> dict[str, str]:
    return {NAME_TAG: batch.root.name} if batch.root is not None and batch.root.name else {}


def _known(*times: int | None) -> list[int]:
    return [time for time in times if time is not None]
