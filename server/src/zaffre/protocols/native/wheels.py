"""Wheels that environments of a workspace may install, over HTTP."""

from typing import Any, Final

from litestar import Request, get, put
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.environments import WheelIn, WheelList, WheelOut

from zaffre.domain.access import Permission
from zaffre.domain.environments import EnvironmentFile
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import RawFile
from zaffre.protocols.http.streaming import blob_answer
from zaffre.protocols.native.translate.words import from_time

_ALL: Final = "/workspaces/{workspace:str}/wheels"


@put(f"{_ALL}/{{name:str}}", permission=Permission.ENVIRONMENTS_WRITE, status_code=200)
async def keep_wheel(call: Call, workspace: str, name: str, data: WheelIn) -> WheelOut:
    """Keep bytes that were sent as a wheel; another one of its name is not replaced."""
    return _out(
        await call.write(
            lambda s: s.wheels.add(workspace, name, digest=data.digest, caller=call.caller)
        )
    )


@get(_ALL, permission=Permission.ENVIRONMENTS_READ)
async def list_wheels(call: Call, workspace: str) -> WheelList:
    """List the wheels of a workspace by name."""
    found = await call.read(lambda s: s.wheels.list(workspace, caller=call.caller))
    return WheelList(value=[_out(wheel) for wheel in found])


@get(f"{_ALL}/{{name:str}}", permission=Permission.ENVIRONMENTS_READ)
async def download_wheel(
    call: Call, request: Request[Any, Any, Any], workspace: str, name: str
) -> Stream:
    """Answer the bytes of a wheel."""
    found = await call.read(lambda s: s.wheels.get(workspace, name, caller=call.caller))
    return await blob_answer(call, request, RawFile(found.digest, name))


def _out(wheel: EnvironmentFile) -> WheelOut:
    return WheelOut(
        name=wheel.path.rpartition("/")[2],
        digest=wheel.digest,
        size=wheel.size,
        created_at=from_time(wheel.created_at),
    )


ROUTES: Final[list[ControllerRouterHandler]] = [keep_wheel, list_wheels, download_wheel]
