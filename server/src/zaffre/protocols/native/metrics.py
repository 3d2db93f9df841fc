"""Metrics over HTTP: MessagePack, or JSON where NaN and infinities are words."""

from typing import Annotated, Any, Final, TypeVar, cast

import msgspec
from litestar import Request, Response, get, post
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.metrics import BatchIn, BatchOut, EntryList, MetricList

from zaffre.domain.access import Permission
from zaffre.protocols.http.bodies import MSGPACK
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.errors import JSON
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.metrics import (
    from_entries,
    from_summary,
    plain,
    to_batch,
)

T = TypeVar("T")
_ALL = "/workspaces/{workspace:str}/runs/{run:str}/metrics"
_BEGINNING = -1
Size = Annotated[int, QueryParameter(ge=1, le=10_000, description="At most so many entries")]


@post(_ALL, permission=Permission.RUNS_WRITE, status_code=200, msgpack=True)
async def append_metrics(
    call: Call, request: Request[Any, Any, Any], workspace: str, run: str, data: BatchIn
) -> Response[BatchOut]:
    """Store a batch; one that was stored before is acknowledged and not stored again."""
    batch = to_batch(data)
    stored = await call.write(
        lambda s: s.metrics.append(workspace, run, batch, caller=call.caller)
    )
    call.house.programs.hear(workspace, run)
    return _answer(request, BatchOut(sequence=data.sequence, stored=stored))


@get(_ALL, permission=Permission.RUNS_READ)
async def list_metrics(
    call: Call, request: Request[Any, Any, Any], workspace: str, run: str
) -> Response[MetricList]:
    """List the metrics of a run at a glance, in order of first appearance."""
    found = await call.read(lambda s: s.metrics.summaries(workspace, run, caller=call.caller))
    metrics = [from_summary(summary) for summary in found]
    if not _takes_msgpack(request):
        for metric in metrics:
            metric.last = plain(metric.last)
    return _answer(request, MetricList(value=metrics))


@get(f"{_ALL}/entries", permission=Permission.RUNS_READ)
async def list_entries(  # noqa: PLR0913 - where, which, and which part
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    run: str,
    *,
    name: str | None = None,
    limit: Limit = 1000,
    after: str | None = None,
) -> Response[EntryList]:
    """List log calls in order of arrival: those of one metric, or all."""
    pages = Pages(call, "entries", workspace, run, name, limit=limit)
    place = int(pages.place(after) or _BEGINNING)
    read = await call.read(
        lambda s: s.metrics.entries(
            workspace, run, caller=call.caller, limit=pages.read_limit, name=name, after=place
        )
    )
    page, following = pages.cut(read, lambda entry: entry[0])
    return _answer_entries(request, EntryList(value=from_entries(page), next=following))


@get(f"{_ALL}/sample", permission=Permission.RUNS_READ)
async def sample_metric(
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    run: str,
    name: str,
    size: Size = 1000,
) -> Response[EntryList]:
    """List entries of one metric spread evenly, the first and the last among them."""
    read = await call.read(
        lambda s: s.metrics.sample(workspace, run, name, caller=call.caller, size=size)
    )
    return _answer_entries(request, EntryList(value=from_entries(read)))


def _answer_entries(request: Request[Any, Any, Any], entries: EntryList) -> Response[EntryList]:
    if not _takes_msgpack(request):
        for entry in entries.value:
            entry.value = plain(entry.value)
    return _answer(request, entries)


def _answer(request: Request[Any, Any, Any], content: T) -> Response[T]:
    headers = {"vary": "accept"}
    if not _takes_msgpack(request):
        return Response(content, media_type=JSON, headers=headers)
    packed = cast("T", msgspec.msgpack.encode(content))  # Litestar sends bytes as they are
    return Response(packed, media_type=MSGPACK, headers=headers)


def _takes_msgpack(request: Request[Any, Any, Any]) -> bool:
    return MSGPACK in request.headers.get("accept", "")


ROUTES: Final[list[ControllerRouterHandler]] = [
    append_metrics,
    list_metrics,
    list_entries,
    sample_metric,
]
