"""Many small files of a datastore in one request, which takes as long as one of them alone."""

from typing import Any, Final, TypeVar

import msgspec
from litestar import Request, Response, post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire import datastores as wire

from zaffre.domain.access import Permission
from zaffre.domain.data_packs import SmallFile, WantedFile, check_pack
from zaffre.protocols.http.bodies import MSGPACK
from zaffre.protocols.http.call import Call
from zaffre.protocols.native.data_files import Overwrite

T = TypeVar("T", bound=msgspec.Struct)
_ALL: Final = "/workspaces/{workspace:str}/datastores/{name:str}/packs"


@post(_ALL, permission=Permission.DATA_WRITE, status_code=200, msgpack=True)
async def write_data_pack(
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    name: str,
    data: wire.DataPackIn,
    *,
    overwrite: Overwrite = False,
) -> Response[wire.DataPackWritten]:
    """Write small files; each is seen once it is whole, and all are durable when this answers."""
    check_pack(data.files)
    files = await call.house.data_access.files(workspace, name, caller=call.caller)
    packed = [SmallFile(file.path, file.data) for file in data.files]
    written = await files.write_pack(packed, overwrite=overwrite)
    return _answer(request, wire.DataPackWritten(value=list(written)))


@post(f"{_ALL}/read", permission=Permission.DATA_READ, status_code=200, msgpack=True)
async def read_data_pack(
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    name: str,
    data: wire.DataPackWanted,
) -> Response[wire.DataPack]:
    """Answer the bytes of small files."""
    check_pack(data.files)
    files = await call.house.data_access.files(workspace, name, caller=call.caller)
    wanted = [WantedFile(file.path, file.mark) for file in data.files]
    return _answer(request, wire.DataPack(value=list(await files.read_pack(wanted))))


def _answer(request: Request[Any, Any, Any], answer: T) -> Response[T]:
    if MSGPACK not in request.headers.get("accept", ""):
        return Response(answer)
    # Litestar sends bytes as they are.
    return Response(msgspec.msgpack.encode(answer), media_type=MSGPACK)  # type: ignore[arg-type]


ROUTES: Final[list[ControllerRouterHandler]] = [write_data_pack, read_data_pack]
