"""Runs over HTTP."""

from functools import partial
from typing import Annotated, Final

from litestar import get, patch, post
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.runs import RunChange, RunEnd, RunIn, RunList, RunOut

from zaffre.domain.access import Permission, Principal
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.runs import (
    from_run,
    to_new_run,
    to_run_change,
    to_run_error,
    to_run_filter,
    to_run_state,
)
from zaffre.services.work import Services

_ALL = "/workspaces/{workspace:str}/runs"
_ONE = "/workspaces/{workspace:str}/runs/{run:str}"
_LOOK_AGAIN: Final = 2.0
"""A change that nobody hints at is seen this late."""

Words = Annotated[list[str] | None, QueryParameter(description="Repeated, or separated by commas")]
States = Annotated[list[str] | None, QueryParameter(name="state")]
Properties = Annotated[list[str] | None, QueryParameter(name="property")]
Seconds = Annotated[float, QueryParameter(ge=0, le=60, description="How long to wait at most")]
SeenState = Annotated[str | None, QueryParameter(name="state", description="What was seen last")]


@post(_ALL, permission=Permission.RUNS_WRITE)
async def create_run(call: Call, workspace: str, data: RunIn) -> RunOut:
    """Create a run; an interactive one is running, a script is queued (`runs/submit`)."""
    new = to_new_run(data)
    created = await call.write_once(
        RunOut, lambda s: from_run(s.runs.create(workspace, new, caller=call.caller))
    )
    if new.beats:
        call.house.programs.expect(workspace, created.id)
    return created


@get(_ALL, permission=Permission.RUNS_READ)
async def list_runs(  # noqa: PLR0913 - one parameter for each filter
    call: Call,
    workspace: str,
    *,
    experiment: str | None = None,
    parent: str | None = None,
    below: str | None = None,
    top: bool = False,
    states: States = None,
    tag: Words = None,
    properties: Properties = None,
    limit: Limit = 100,
    after: str | None = None,
) -> RunList:
    """List runs, newest first; a tag or property is asked for as `key` or `key=value`."""
    where = to_run_filter(
        experiment=experiment,
        parent=parent,
        below=below,
        top=top,
        states=states,
        tags=tag,
        properties=properties,
    )
    pages = Pages(call, "runs", workspace, where, limit=limit)
    place = pages.place(after)
    read = await call.read(
        lambda s: s.runs.list(
            workspace, where, caller=call.caller, limit=pages.read_limit, after=place
        )
    )
    page, following = pages.cut(read, lambda run: run.id)
    return RunList(value=[from_run(found) for found in page], next=following)


@get(_ONE, permission=Permission.RUNS_READ)
async def show_run(call: Call, workspace: str, run: str) -> RunOut:
    """Answer a run as it is now, with its params."""

    def read(services: Services) -> RunOut:
        found = services.runs.get(workspace, run, caller=call.caller)
        params = services.params.of(workspace, run, caller=call.caller)
        return from_run(found, params, waits_for=services.scheduling.why(found))

    return await call.read(read)


@patch(_ONE, permission=Permission.RUNS_WRITE)
async def change_run(call: Call, workspace: str, run: str, data: RunChange) -> RunOut:
    """Change what is given; a tag of null is removed, properties are written once."""
    change = to_run_change(data)
    return from_run(
        await call.write(lambda s: s.runs.change(workspace, run, change, caller=call.caller))
    )


@post(f"{_ONE}/cancel", permission=Permission.RUNS_WRITE, status_code=200)
async def cancel_run(call: Call, workspace: str, run: str) -> RunOut:
    """Cancel a run and the open runs below it; canceling again changes nothing."""
    return from_run(await call.write(lambda s: s.runs.cancel(workspace, run, caller=call.caller)))


@post(f"{_ONE}/end", permission=Permission.RUNS_WRITE, status_code=200)
async def end_run(call: Call, workspace: str, run: str, data: RunEnd) -> RunOut:
    """Take what the program of a run says of its end."""
    state, error = to_run_state(data.state), to_run_error(data.error)
    return from_run(
        await call.write(
            lambda s: s.runs.end(workspace, run, state, caller=call.caller, error=error)
        )
    )


@get(f"{_ONE}/wait", permission=Permission.RUNS_READ)
async def wait_for_run(
    call: Call, workspace: str, run: str, seconds: Seconds = 20, seen: SeenState = None
) -> RunOut:
    """Answer the run once its state differs from the one that was seen, or when time is up."""
    clock = call.house.clock
    until = clock.monotonic() + seconds
    while True:
        mark = call.changes.mark()
        found = await call.read(lambda s: s.runs.get(workspace, run, caller=call.caller))
        seen = seen or found.state
        left = until - clock.monotonic()
        if found.is_terminal or found.state != seen or left <= 0 or call.changes.stopping:
            return await call.read(partial(_now, workspace=workspace, run=run, caller=call.caller))
        await call.changes.wait(min(left, _LOOK_AGAIN), since=mark)


def _now(services: Services, *, workspace: str, run: str, caller: Principal) -> RunOut:
    # Read once more: what it waits for may be gone by the time that it does not wait any more.
    found = services.runs.get(workspace, run, caller=caller)
    return from_run(found, waits_for=services.scheduling.why(found))


ROUTES: Final[list[ControllerRouterHandler]] = [
    create_run,
    list_runs,
    show_run,
    change_run,
    cancel_run,
    end_run,
    wait_for_run,
]
