"""Traces as older MLflow programs speak of them: version 2 of the API."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.domain.traces import Trace, TraceState
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.ids import experiment_of, shown_id
from zaffre.protocols.mlflow.messages import pairs_out, required
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.traces import page_body, read_trace
from zaffre.protocols.mlflow.traces_search import SearchTraces, find_traces
from zaffre.protocols.mlflow.traces_shapes import check_millis, settable, state_of, tags_of
from zaffre.services.traces import NewTrace, TraceEnd

_ROOT: Final = "/api/2.0/mlflow/traces"
_UNSPECIFIED: Final = "TRACE_STATUS_UNSPECIFIED"
# What values were cut to, there and here.
_MAX_VALUE: Final = 250


class Pair(msgspec.Struct):
    """A tag or a piece of metadata."""

    key: str
    value: str = ""


class StartTrace(msgspec.Struct):
    """Body that begins a trace."""

    experiment_id: str = ""
    timestamp_ms: int | None = None
    request_metadata: list[Pair] = []
    tags: list[Pair] = []


class EndTrace(msgspec.Struct):
    """Body that ends a trace."""

    timestamp_ms: int | None = None
    status: str | int = _UNSPECIFIED
    request_metadata: list[Pair] = []
    tags: list[Pair] = []


async def start_trace(call: MlflowCall, body: StartTrace) -> dict[str, Any]:
    """Begin a trace, whose id the server gives."""
    given = required(body.experiment_id, "experiment_id")
    started = check_millis(required(body.timestamp_ms, "timestamp_ms"), "timestamp_ms")
    new = NewTrace(
        state=TraceState.IN_PROGRESS,
        started_ms=started,
        tags=settable(_pairs(body.tags)),
        metadata=_pairs(body.request_metadata),
    )
    trace = await call.write(
        lambda s: s.traces.tell(
            experiment_of(s, call.workspace, given, caller=call.caller), new, caller=call.caller
        )
    )
    return {"trace_info": from_trace(trace)}


async def end_trace(call: MlflowCall, body: EndTrace) -> dict[str, Any]:
    """Say how a trace ended."""
    ended = check_millis(required(body.timestamp_ms, "timestamp_ms"), "timestamp_ms")
    end = TraceEnd(
        ended_ms=ended,
        state=_state(body.status),
        tags=settable(_pairs(body.tags)),
        metadata=_pairs(body.request_metadata),
    )
    trace = await call.write(
        lambda s: s.traces.finish(call.workspace, call.params["trace_id"], end, caller=call.caller)
    )
    return {"trace_info": from_trace(trace)}


async def get_trace_info(call: MlflowCall) -> dict[str, Any]:
    """Answer a trace."""
    return {"trace_info": from_trace(await read_trace(call, call.params["trace_id"]))}


async def search_traces(call: MlflowCall, query: SearchTraces) -> dict[str, Any]:
    """Answer the traces that meet a filter, page by page."""
    required(query.experiment_ids, "experiment_ids")
    return page_body(await find_traces(call, query), from_trace)


def from_trace(trace: Trace) -> dict[str, Any]:
    """Return the trace as older clients read it."""
    state = _UNSPECIFIED if trace.state is TraceState.UNSPECIFIED else trace.state.value
    return {
        "request_id": trace.id,
        "experiment_id": shown_id(trace.experiment_id, trace.experiment_name),
        "timestamp_ms": trace.started_ms,
        "execution_time_ms": trace.duration_ms or 0,
        "status": state,
        "request_metadata": pairs_out(_cut(trace.metadata)),
        "tags": pairs_out(tags_of(trace)),
    }


def _cut(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key: value[:_MAX_VALUE] for key, value in metadata.items()}


def _pairs(pairs: Sequence[Pair]) -> dict[str, str]:
    return {required(pair.key, "key"): pair.value for pair in pairs}


def _state(status: str | int) -> TraceState:
    if isinstance(status, int):
        return state_of(status)
    if status == _UNSPECIFIED:
        return TraceState.UNSPECIFIED
    try:
        return TraceState(status)
    except ValueError:
        raise InvalidError(
            "InvalidState", f"There is no status `{status[:100]}`.", target="status"
        ) from None


_READ, _WRITE = Permission.RUNS_READ, Permission.RUNS_WRITE
ROUTES: Final[list[Route]] = [
    route("POST", _ROOT, start_trace, _WRITE, shape=StartTrace),
    route("GET", _ROOT, search_traces, _READ, shape=SearchTraces),
    route("PATCH", f"{_ROOT}/{{trace_id}}", end_trace, _WRITE, shape=EndTrace),
    route("GET", f"{_ROOT}/{{trace_id}}/info", get_trace_info, _READ),
]
