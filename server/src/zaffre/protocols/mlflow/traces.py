"""Traces as newer MLflow programs speak of them: version 3 of the API."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.traces import Span, Trace
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.ids import experiment_of, own_ids
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.traces_search import Found, SearchTraces, find_traces
from zaffre.protocols.mlflow.traces_shapes import (
    KEPT_TAGS,
    Location,
    TraceInfoBody,
    from_trace,
    to_new_trace,
)
from zaffre.protocols.mlflow.traces_spans import from_span
from zaffre.services.traces import MAX_REMOVED, TraceRemoval
from zaffre.services.work import Services

_V2: Final = "/api/2.0/mlflow/traces"
_V3: Final = "/api/3.0/mlflow/traces"
_BATCH: Final = 1000
_SPANS_SECONDS: Final = 3.0
"""How long to wait for spans that the program said there are: they come on another way."""
_LOOK_SECONDS: Final = 0.1
_SECOND: Final = 1000


class TraceBody(msgspec.Struct):
    """A trace; its spans are not looked at here."""

    trace_info: TraceInfoBody = msgspec.field(default_factory=TraceInfoBody)


class StartTrace(msgspec.Struct):
    """Body of what starts a trace, and tells how it ended: it is sent at its end."""

    trace: TraceBody


class GetTrace(msgspec.Struct):
    """Query for one trace."""

    trace_id: str = ""
    allow_partial: bool = False


class GetTraces(msgspec.Struct):
    """Query for several traces.

    Attributes:
        experiment_ids: The only ones in which to look; None looks everywhere.
    """

    trace_ids: list[str] = []
    experiment_ids: list[str] | None = None


class SearchTracesV3(msgspec.Struct):
    """Body of a search."""

    locations: list[Location] = []
    filter: str = ""
    max_results: int = 100
    order_by: list[str] = []
    page_token: str = ""


class DeleteTraces(msgspec.Struct):
    """Body of a deletion: by ids, or the oldest until a time."""

    experiment_id: str = ""
    max_timestamp_millis: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    max_traces: int | None = None
    request_ids: list[str] = []


class TagBody(msgspec.Struct):
    """A tag."""

    key: str = ""
    value: str = ""


class LinkToRun(msgspec.Struct):
    """Body that links traces to a run."""

    trace_ids: list[str] = []
    run_id: str = ""


class PromptVersion(msgspec.Struct):
    """A version of a prompt."""

    name: str
    version: str


class LinkPrompts(msgspec.Struct):
    """Body that links prompts to a trace."""

    trace_id: str = ""
    prompt_versions: list[PromptVersion] = []


async def start_trace(call: MlflowCall, body: StartTrace) -> dict[str, Any]:
    """Keep what a program says of a trace."""
    info = body.trace.trace_info
    place = info.trace_location.mlflow_experiment
    given = required(place.experiment_id if place else "", "trace_location")
    new = to_new_trace(info, now_ms=now_ms(call))
    trace = await call.write(
        lambda s: s.traces.tell(
            experiment_of(s, call.workspace, given, caller=call.caller), new, caller=call.caller
        )
    )
    return {"trace": {"trace_info": from_trace(trace)}}


async def get_trace_info(call: MlflowCall) -> dict[str, Any]:
    """Answer a trace without its spans."""
    trace = await read_trace(call, call.params["trace_id"])
    return {"trace": {"trace_info": from_trace(trace)}}


async def get_trace(call: MlflowCall, query: GetTrace) -> dict[str, Any]:
    """Answer a trace with its spans, once all that it is said to have are there."""
    trace_id = required(query.trace_id, "trace_id")
    end = call.house.clock.monotonic() + _SPANS_SECONDS
    while True:
        found = await call.read(lambda s: _with_spans(s, call, [trace_id]))
        if not found:
            await read_trace(call, trace_id)
        elif query.allow_partial or found[0].is_complete:
            return {"trace": found[0].body()}
        if call.house.clock.monotonic() > end:
            raise NotFoundError(
                "SpansNotFound",
                f"Trace with ID {trace_id} is not fully exported yet, please try again later.",
                target="trace_id",
            )
        await asyncio.sleep(_LOOK_SECONDS)


async def get_traces(call: MlflowCall, query: GetTraces) -> dict[str, Any]:
    """Answer those of the traces that are there with all their spans."""
    _check_batch(query.trace_ids)
    found = await call.read(lambda s: _with_spans(s, call, query.trace_ids, query.experiment_ids))
    return {"traces": [each.body() for each in found if each.is_complete]}


async def get_trace_infos(call: MlflowCall, body: GetTraces) -> dict[str, Any]:
    """Answer those of the traces that are there, without spans."""
    _check_batch(body.trace_ids)
    found = await call.read(lambda s: _among(s, call, body.trace_ids, body.experiment_ids))
    return {"trace_infos": [from_trace(trace) for trace in found]}


async def search_traces(call: MlflowCall, body: SearchTracesV3) -> dict[str, Any]:
    """Answer the traces that meet a filter, page by page."""
    places = [each.mlflow_experiment for each in body.locations]
    asked = SearchTraces(
        experiment_ids=[place.experiment_id for place in places if place is not None],
        filter=body.filter,
        max_results=body.max_results,
        order_by=body.order_by,
        page_token=body.page_token,
    )
    return page_body(await find_traces(call, asked), from_trace)


async def delete_traces(call: MlflowCall, body: DeleteTraces) -> dict[str, Any]:
    """Delete traces for good."""
    given = required(body.experiment_id, "experiment_id")
    _check_removal(body)

    async def delete(trace_ids: Sequence[str] = (), limit: int | None = None) -> int:
        def use(services: Services) -> int:
            experiment = experiment_of(services, call.workspace, given, caller=call.caller)
            which = TraceRemoval(
                experiment_id=experiment.id,
                trace_ids=trace_ids,
                until_ms=body.max_timestamp_millis,
                limit=limit,
            )
            return services.traces.delete(call.workspace, which, caller=call.caller)

        return await call.write(use)

    # Each part in its own transaction: others who write wait for so long.
    deleted = 0
    for start in range(0, len(body.request_ids), MAX_REMOVED):
        deleted += await delete(body.request_ids[start : start + MAX_REMOVED])
    some = 0 if body.request_ids else MAX_REMOVED
    while some == MAX_REMOVED:
        some = await delete(limit=body.max_traces and body.max_traces - deleted)
        deleted += some
    return {"traces_deleted": deleted}


async def set_tag(call: MlflowCall, body: TagBody) -> None:
    """Set a tag."""
    await _change_tag(call, body.key, body.value)


async def delete_tag(call: MlflowCall, body: TagBody) -> None:
    """Remove a tag."""
    await _change_tag(call, body.key, None)


async def link_to_run(call: MlflowCall, body: LinkToRun) -> None:
    """Note that traces belong to a run."""
    trace_ids = required(body.trace_ids, "trace_ids")
    run_id = required(body.run_id, "run_id")
    await call.write(
        lambda s: s.traces.link_run(call.workspace, trace_ids, run_id, caller=call.caller)
    )


async def link_prompts(call: MlflowCall, body: LinkPrompts) -> None:
    """Note which prompts a trace used."""
    trace_id = required(body.trace_id, "trace_id")
    given = required(body.prompt_versions, "prompt_versions")
    versions = [f"{each.name}/{each.version}" for each in given]
    await call.write(
        lambda s: s.traces.link_prompts(call.workspace, trace_id, versions, caller=call.caller)
    )


async def read_trace(call: MlflowCall, trace_id: str) -> Trace:
    """Return a trace without its spans."""
    return await call.read(lambda s: s.traces.get(call.workspace, trace_id, caller=call.caller))


def page_body(found: Found, shown: Callable[[Trace], dict[str, Any]]) -> dict[str, Any]:
    """Return the body of a page of traces."""
    more = {"next_page_token": found.token} if found.token else {}
    return {"traces": [shown(trace) for trace in found.traces], **more}


def now_ms(call: MlflowCall) -> int:
    """Return the time as programs write it."""
    return int(call.house.clock.now().timestamp() * _SECOND)


@dataclass(frozen=True, slots=True)
class _Whole:
    trace: Trace
    spans: Sequence[Span]

    @property
    def is_complete(self) -> bool:
        stored = len(self.spans)
        return self.trace.has_spans and stored >= self.trace.promised_spans

    def body(self) -> dict[str, Any]:
        spans = [from_span(span, self.trace.id) for span in self.spans]
        return {"trace_info": from_trace(self.trace), "spans": spans}


def _with_spans(
    services: Services,
    call: MlflowCall,
    trace_ids: Sequence[str],
    experiment_ids: Sequence[str] | None = None,
) -> list[_Whole]:
    found = _among(services, call, trace_ids, experiment_ids)
    stored = [trace.id for trace in found if trace.has_spans]
    spans = services.traces.spans(call.workspace, stored, caller=call.caller)
    return [_Whole(trace, spans.get(trace.id, ())) for trace in found]


def _among(
    services: Services,
    call: MlflowCall,
    trace_ids: Sequence[str],
    experiment_ids: Sequence[str] | None,
) -> list[Trace]:
    found = services.traces.find(call.workspace, trace_ids, caller=call.caller)
    if experiment_ids is None:
        return found
    meant = set(own_ids(services, call.workspace, experiment_ids, caller=call.caller))
    return [trace for trace in found if trace.experiment_id in meant]


async def _change_tag(call: MlflowCall, key: str, value: str | None) -> None:
    name = required(key, "key")
    if name in KEPT_TAGS:
        verb = "deleted" if value is None else "set"
        raise InvalidError(
            "TagIsKept",
            f"Tag '{name}' is immutable and cannot be {verb} on a trace.",
            target="key",
        )
    trace_id = call.params["trace_id"]
    await call.write(
        lambda s: s.traces.change_tags(call.workspace, trace_id, {name: value}, caller=call.caller)
    )


def _check_batch(trace_ids: Sequence[str]) -> None:
    required(trace_ids, "trace_ids")
    if len(trace_ids) > _BATCH:
        raise InvalidError(
            "TooManyTraces", f"At most {_BATCH} traces can be read at once.", target="trace_ids"
        )


def _check_removal(body: DeleteTraces) -> None:
    if bool(body.request_ids) is (body.max_timestamp_millis is not None):
        raise InvalidError(
            "InvalidRemoval",
            "Either `max_timestamp_millis` or `trace_ids` must be specified, but not both.",
            target="max_timestamp_millis",
        )
    if body.max_traces is not None and (body.request_ids or body.max_traces <= 0):
        raise InvalidError(
            "InvalidRemoval",
            "`max_traces` must be a positive integer, and can't be specified with `trace_ids`.",
            target="max_traces",
        )


_READ, _WRITE = Permission.RUNS_READ, Permission.RUNS_WRITE
ROUTES: Final[list[Route]] = [
    route("POST", _V3, start_trace, _WRITE, shape=StartTrace),
    route("GET", f"{_V3}/get", get_trace, _READ, shape=GetTrace),
    route("GET", f"{_V3}/batchGet", get_traces, _READ, shape=GetTraces),
    route("POST", f"{_V3}/batchGetInfos", get_trace_infos, _READ, shape=GetTraces),
    route("POST", f"{_V3}/search", search_traces, _READ, shape=SearchTracesV3),
    route("GET", f"{_V3}/{{trace_id}}", get_trace_info, _READ),
    *(
        made
        for root in (_V2, _V3)
        for made in (
            route("POST", f"{root}/delete-traces", delete_traces, _WRITE, shape=DeleteTraces),
            route("POST", f"{root}/link-to-run", link_to_run, _WRITE, shape=LinkToRun),
            route("POST", f"{root}/link-prompts", link_prompts, _WRITE, shape=LinkPrompts),
            route("PATCH", f"{root}/{{trace_id}}/tags", set_tag, _WRITE, shape=TagBody),
            route("DELETE", f"{root}/{{trace_id}}/tags", delete_tag, _WRITE, shape=TagBody),
        )
    ),
]
