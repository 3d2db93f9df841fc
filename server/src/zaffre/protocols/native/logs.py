"""The logs of runs over HTTP: read while they grow, written by offset."""

from typing import Annotated, Any, Final

from litestar import Request, Response, get, put
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.artifacts import LogList, LogOut

from zaffre.domain.access import Permission
from zaffre.domain.runs import RunState
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import OCTETS
from zaffre.protocols.http.streaming import relative, small_body

_ALL: Final = "/workspaces/{workspace:str}/runs/{run:str}/logs"
_ONE: Final = f"{_ALL}/{{path:path}}"
_MAX_BYTES: Final = 1 << 20
_LOOK_AGAIN: Final = 5.0
"""Whoever ends a run wakes the readers of its logs; this is how late they see it otherwise."""

Offset = Annotated[int, QueryParameter(ge=0, le=1 << 60, description="The first byte")]
Wait = Annotated[
    float, QueryParameter(ge=0, le=60, description="How long to wait for the first byte")
]


@get(_ALL, permission=Permission.RUNS_READ)
async def list_logs(call: Call, workspace: str, run: str) -> LogList:
    """List the logs of a run by path."""
    found = await call.read(lambda s: s.runs.get(workspace, run, caller=call.caller))
    files = await call.logs.list((found.workspace_id, found.id))
    return LogList(value=[LogOut(path=file.path, size=file.size) for file in files])


@get(_ONE, permission=Permission.RUNS_READ)
async def read_log(
    call: Call, workspace: str, run: str, path: str, *, offset: Offset = 0, wait: Wait = 0
) -> Response[bytes]:
    """Answer what there is from a byte on, waiting for some while the run goes on.

    The state in the headers is older than the bytes: when it says that the run has ended and
    there are no bytes, there will be none.
    """
    owner, place = (workspace, run), relative(path)
    clock = call.house.clock
    until = clock.monotonic() + wait
    while True:
        found = await call.read(lambda s: s.runs.get(workspace, run, caller=call.caller))
        is_over = found.is_terminal or call.changes.stopping
        left = 0.0 if is_over else min(until - clock.monotonic(), _LOOK_AGAIN)
        data = await call.logs.read(owner, place, offset, limit=_MAX_BYTES, wait=max(left, 0.0))
        if data or left <= 0:
            return await _answer(call, owner, place, state=found.state, data=data)


@put(_ONE, permission=Permission.RUNS_WRITE)
async def write_log(
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    run: str,
    path: str,
    *,
    offset: Offset,
) -> LogOut:
    """Write the body, at most 1 MiB, at an offset; what was written before is not repeated."""
    place = relative(path)
    await call.read(lambda s: s.runs.get_writable(workspace, run, caller=call.caller))
    data = await small_body(request, limit=_MAX_BYTES)
    size = await call.logs.append((workspace, run), place, offset, data)
    return LogOut(path=place, size=size)


async def _answer(
    call: Call, owner: tuple[str, str], path: str, *, state: RunState, data: bytes
) -> Response[bytes]:
    files = await call.logs.list(owner)
    size = next((file.size for file in files if file.path == path), 0)
    headers = {"x-zaffre-run-state": state, "x-zaffre-log-size": str(size)}
    return Response(data, media_type=OCTETS, headers=headers)


ROUTES: Final[list[ControllerRouterHandler]] = [list_logs, read_log, write_log]
