"""The stores of traces, spans and assessments; the contract is that of `ports.stores`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from zaffre.domain.search import Comparison
from zaffre.domain.traces import Assessment, Span, Trace


class TraceFieldKind(StrEnum):
    """What a search looks at."""

    ATTRIBUTE = "attribute"
    """A field of `Trace`: `id`, `state`, `started_ms`, `duration_ms`, `ended_ms`,
    `client_request_id` or `experiment_id`."""
    TAG = "tag"
    METADATA = "metadata"
    RUN = "run"
    """Whether the trace was made in a run or linked to it; equality alone, without a key."""
    PROMPT = "prompt"
    """Whether it is linked to a version of a prompt; equality alone, without a key."""
    SPAN = "span"
    """`name`, `type`, `status` or `content` of one of its spans."""
    SPAN_ATTRIBUTE = "span_attribute"
    FEEDBACK = "feedback"
    EXPECTATION = "expectation"
    ISSUE = "issue"
    """Whether an issue of that id was found in it; equality alone, without a key."""


TraceValue = str | int | float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class TraceCondition:
    """One comparison; all that look at spans must hold for the same span.

    What is not there meets no comparison, but for `IS NULL`.

    Attributes:
        value: A tuple for `IN` and `NOT IN`, None for `IS NULL` and `IS NOT NULL`.
    """

    kind: TraceFieldKind
    key: str
    comparison: Comparison
    value: TraceValue


@dataclass(frozen=True, slots=True)
class TraceOrder:
    """By what to sort; what is not there comes last."""

    kind: TraceFieldKind
    key: str
    ascending: bool = True


Place = Sequence[str | int | float]
"""Where in its order a search stands, as the store understands it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceQuery:
    """Which traces, and in which order; those of one time are ordered newest first, then by id."""

    experiment_ids: tuple[str, ...]
    conditions: tuple[TraceCondition, ...] = ()
    order: tuple[TraceOrder, ...] = ()


class TraceStore(Protocol):
    """Traces; ids are unique within their workspace."""

    def add(self, trace: Trace) -> None:
        """Add it with its tags and metadata; raises `ConflictError` `TraceExists`."""

    def save(self, trace: Trace) -> None:
        """Replace everything but its assessments; raises `TraceNotFound`."""

    def get(self, workspace_id: str, trace_id: str) -> Trace:
        """Return it with its assessments; raises `TraceNotFound`."""

    def find(self, workspace_id: str, trace_ids: Iterable[str]) -> list[Trace]:
        """Return those that are there, with their assessments, in the order asked for."""

    def search(
        self, workspace_id: str, query: TraceQuery, *, limit: int, after: Place | None = None
    ) -> list[tuple[Trace, Place]]:
        """Return them with the places to continue behind."""

    def oldest(
        self,
        workspace_id: str,
        experiment_id: str,
        *,
        until_ms: int | None = None,
        created_by: str | None = None,
        limit: int,
    ) -> list[str]:
        """Return the ids of the oldest traces, those that began until then."""

    def remove(self, workspace_id: str, trace_ids: Iterable[str]) -> int:
        """Remove them with all that belongs to them; return how many there were."""

    def link_run(self, workspace_id: str, trace_ids: Iterable[str], run_id: str) -> None:
        """Note that they belong to a run too; those that are not there yet, once they come."""

    def link_prompts(self, trace: Trace, versions: Iterable[str]) -> None:
        """Note that it used these versions of prompts, each `name/version`."""


class SpanStore(Protocol):
    """Spans; ids are unique within their trace."""

    def put(self, trace: Trace, spans: Iterable[Span]) -> None:
        """Add them, or replace those of the same id."""

    def list(self, workspace_id: str, trace_ids: Iterable[str]) -> Mapping[str, Sequence[Span]]:
        """Return the spans of these traces by trace, roots first, then by beginning."""


class AssessmentStore(Protocol):
    """Assessments; ids are unique within their trace."""

    def put(self, workspace_id: str, assessment: Assessment) -> None:
        """Add it, or replace the one of the same id."""

    def find(self, workspace_id: str, trace_id: str, assessment_id: str) -> Assessment | None:
        """Return it."""

    def remove(self, workspace_id: str, assessment: Assessment) -> None:
        """Remove it."""
