"""Use cases of traces.

A trace comes in two ways that may overtake each other: its program tells what it was as a whole,
and its spans come one by one as they end. Either may be first; what the program told stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.artifacts import FileOwner, OwnerKind
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.experiments import Experiment
from zaffre.domain.labels import change_tags, check_labels, check_text
from zaffre.domain.names import TAG
from zaffre.domain.traces import TRACE, Assessment, Span, SpanBatch, Trace, TraceState
from zaffre.ports.stores import Stores
from zaffre.ports.traces import Place, TraceQuery
from zaffre.services.access import check_maker, seen_workspace, writable_run
from zaffre.services.assessments import AssessmentService
from zaffre.services.context import Context

MAX_LINKS = 100
MAX_REMOVED = 500
"""How many traces one transaction removes: others who write wait for so long."""
_FILES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrace:
    """What a program tells of a whole trace.

    Attributes:
        id: None where the server gives one.
        assessments: Those without an id are given one.
    """

    id: str | None = None
    state: TraceState
    started_ms: int
    duration_ms: int | None = None
    client_request_id: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    assessments: Sequence[Assessment] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEnd:
    """How a trace ended; tags and metadata are added to those there are."""

    ended_ms: int
    state: TraceState
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRemoval:
    """Which traces of an experiment to delete: by id, or the oldest until a time.

    Attributes:
        limit: Of those until a time, how many at most; None is all.
    """

    experiment_id: str
    trace_ids: Sequence[str] = ()
    until_ms: int | None = None
    limit: int | None = None


class TraceService:
    """Use cases of traces, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def tell(self, experiment: Experiment, new: NewTrace, *, caller: Principal) -> Trace:
        """Keep what a program says of a trace; telling it again replaces what was told.

        Raises:
            ConflictError: `ExperimentArchived`.
            ForbiddenError: `Forbidden`, for the token of a run that did not make the trace.
        """
        workspace_id = experiment.workspace_id
        seen_workspace(self._stores, workspace_id, caller=caller)
        experiment.check_listed()
        told = self._told(experiment, new, caller)
        present = next(iter(self._stores.traces.find(workspace_id, [told.id])), None)
        if present is None:
            self._stores.traces.add(told)
        else:
            check_maker(caller, present.created_by, "trace", present.id)
            self._stores.traces.save(
                replace(
                    told,
                    has_spans=present.has_spans,
                    request_preview=told.request_preview or present.request_preview,
                    response_preview=told.response_preview or present.response_preview,
                    tags=check_labels({**present.tags, **told.tags}, target="tags"),
                    metadata=check_labels(
                        {**present.metadata, **told.metadata}, target="trace_metadata"
                    ),
                    created_by=present.created_by,
                )
            )
        assessments = AssessmentService(self._stores, self._context)
        for assessment in new.assessments:
            assessments.tell(workspace_id, replace(assessment, trace_id=told.id), caller=caller)
        return self._stores.traces.get(workspace_id, told.id)

    def finish(
        self,
        workspace_id: str,
        trace_id: str,
        end: TraceEnd,
        *,
        caller: Principal,
    ) -> Trace:
        """Say how a trace that was begun has ended."""
        present = self.get(workspace_id, trace_id, caller=caller)
        check_maker(caller, present.created_by, "trace", present.id)
        ended = replace(
            present,
            state=end.state,
            duration_ms=end.ended_ms - present.started_ms,
            tags=check_labels({**present.tags, **end.tags}, target="tags"),
            metadata=check_labels({**present.metadata, **end.metadata}, target="metadata"),
            is_told=True,
        )
        self._stores.traces.save(ended)
        return ended

    def add_spans(
        self,
        experiment: Experiment,
        batches: Iterable[SpanBatch],
        *,
        caller: Principal,
        run_id: str | None = None,
    ) -> None:
        """Keep spans, all or none; a trace that is not known yet begins with them.

        Args:
            experiment: Where unknown traces go; known ones stay where they are.
            batches: One for each trace.
            caller: Who sends them.
            run_id: The run that these traces belong to, if it is said.

        Raises:
            ConflictError: `ExperimentArchived`, for unknown traces.
            NotFoundError: `RunNotFound`.
        """
        workspace_id = experiment.workspace_id
        seen_workspace(self._stores, workspace_id, caller=caller)
        given = {TRACE.check(batch.trace_id): batch for batch in batches}
        known = {trace.id: trace for trace in self._stores.traces.find(workspace_id, given)}
        for trace_id, batch in given.items():
            present = known.get(trace_id)
            trace = (present or _begun(experiment, batch, caller)).joined(batch)
            trace = replace(trace, tags=check_labels(trace.tags, target="tags"))
            if present is None:
                self._stores.traces.add(trace)
            elif trace != present:
                self._stores.traces.save(trace)
            self._stores.spans.put(trace, batch.spans)
        if run_id is not None:
            run = writable_run(self._stores, workspace_id, run_id, caller=caller)
            self._stores.traces.link_run(workspace_id, given, run.id)

    def get(self, workspace_id: str, trace_id: str, *, caller: Principal) -> Trace:
        """Return it.

        Raises:
            NotFoundError: `TraceNotFound`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.traces.get(workspace_id, trace_id)

    def find(
        self, workspace_id: str, trace_ids: Iterable[str], *, caller: Principal
    ) -> list[Trace]:
        """Return those that are there, in the order asked for."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.traces.find(workspace_id, trace_ids)

    def spans(
        self, workspace_id: str, trace_ids: Iterable[str], *, caller: Principal
    ) -> Mapping[str, Sequence[Span]]:
        """Return the spans of these traces by trace, roots first, then by beginning."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.spans.list(workspace_id, trace_ids)

    def search(
        self,
        workspace_id: str,
        query: TraceQuery,
        *,
        caller: Principal,
        limit: int,
        after: Place | None = None,
    ) -> list[tuple[Trace, Place]]:
        """Return traces with the places to continue behind."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        if not query.experiment_ids:
            return []
        return self._stores.traces.search(workspace_id, query, limit=limit, after=after)

    def change_tags(
        self,
        workspace_id: str,
        trace_id: str,
        changes: Mapping[str, str | None],
        *,
        caller: Principal,
    ) -> Trace:
        """Set tags; a value of None removes one. Runs that judge a trace tag it too.

        Raises:
            NotFoundError: `TraceNotFound`, or `TagNotFound` for one to remove.
        """
        present = self.get(workspace_id, trace_id, caller=caller)
        gone = [
            key
            for key, value in changes.items()
            if value is None and TAG.normal(key) not in present.tags
        ]
        if gone:
            raise NotFoundError(
                "TagNotFound",
                f"The trace {shown(trace_id)} has no tag {shown(gone[0])}.",
                target="key",
            )
        changed = replace(present, tags=change_tags(present.tags, changes))
        self._stores.traces.save(changed)
        return changed

    def delete(self, workspace_id: str, which: TraceRemoval, *, caller: Principal) -> int:
        """Delete traces with their spans, assessments and files; return how many.

        When it is `MAX_REMOVED` there may be more. The token of a run deletes what was made with
        it; others are passed over.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        if which.trace_ids:
            ids = self._deletable(workspace_id, which, caller)
        else:
            ids = self._stores.traces.oldest(
                workspace_id,
                which.experiment_id,
                until_ms=which.until_ms,
                created_by=caller.name if caller.run_id else None,
                limit=MAX_REMOVED if which.limit is None else min(which.limit, MAX_REMOVED),
            )
        for trace_id in ids:
            owner = FileOwner(workspace_id, OwnerKind.TRACE, trace_id)
            while self._stores.owned_files.remove(owner, None, limit=_FILES_AT_ONCE):
                self._stores.after_commit(lambda: self._context.wakeup.hint("removals"))
        return self._stores.traces.remove(workspace_id, ids)

    def link_run(
        self, workspace_id: str, trace_ids: Sequence[str], run_id: str, *, caller: Principal
    ) -> None:
        """Note that traces belong to a run; those that are on their way, once they come.

        Raises:
            InvalidError: `TooManyTraces`.
            NotFoundError: `RunNotFound`.
        """
        if len(trace_ids) > MAX_LINKS:
            raise InvalidError(
                "TooManyTraces",
                f"Cannot link more than {MAX_LINKS} traces to a run at once; there are "
                f"{len(trace_ids)}.",
                target="trace_ids",
            )
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        checked = [TRACE.check(trace_id) for trace_id in trace_ids]
        self._stores.traces.link_run(workspace_id, checked, run.id)

    def link_prompts(
        self, workspace_id: str, trace_id: str, versions: Iterable[str], *, caller: Principal
    ) -> None:
        """Note that a trace used these versions of prompts, each `name/version`."""
        trace = self.get(workspace_id, trace_id, caller=caller)
        checked = [check_text(version, target="prompt_versions") for version in versions]
        self._stores.traces.link_prompts(trace, checked)

    def _told(self, experiment: Experiment, new: NewTrace, caller: Principal) -> Trace:
        return Trace(
            id=TRACE.check(new.id) if new.id is not None else f"tr-{self._context.new_id()}",
            workspace_id=experiment.workspace_id,
            experiment_id=experiment.id,
            experiment_name=experiment.name,
            state=new.state,
            started_ms=new.started_ms,
            duration_ms=new.duration_ms,
            client_request_id=_checked(new.client_request_id, "client_request_id"),
            request_preview=_checked(new.request_preview, "request_preview"),
            response_preview=_checked(new.response_preview, "response_preview"),
            tags=check_labels(new.tags, target="tags"),
            metadata=check_labels(new.metadata, target="trace_metadata"),
            is_told=new.id is not None,
            created_by=caller.name,
        )

    def _deletable(self, workspace_id: str, which: TraceRemoval, caller: Principal) -> list[str]:
        found = [
            trace.id
            for trace in self._stores.traces.find(workspace_id, which.trace_ids)
            if trace.experiment_id == which.experiment_id
            and (caller.run_id is None or trace.created_by == caller.name)
        ]
        return found[:MAX_REMOVED]


def _begun(experiment: Experiment, batch: SpanBatch, caller: Principal) -> Trace:
    experiment.check_listed()
    return Trace(
        id=batch.trace_id,
        workspace_id=experiment.workspace_id,
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        state=TraceState.IN_PROGRESS,
        started_ms=batch.started_ms,
        created_by=caller.name,
    )


def _checked(text: str | None, target: str) -> str | None:
    return None if text is None else check_text(text, target=target)
