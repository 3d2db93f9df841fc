"""What runners elsewhere fetch from the server before their run begins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from litestar import Request, get
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from zaffre.domain.access import Permission
from zaffre.domain.errors import NotFoundError
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import OCTETS, RawFile
from zaffre.protocols.http.streaming import blob_answer

_FILE: Final = "/workspaces/{workspace:str}/runs/{run:str}/attempt/files/{digest:str}"
_CHUNK: Final = 1 << 20


@get(_FILE, permission=Permission.RUNS_DRIVE)
async def fetch_file(
    call: Call, request: Request[Any, Any, Any], workspace: str, run: str, digest: str
) -> Stream:
    """Answer a file that an attempt needs, such as the SDK or a wheel of its run, by digest."""
    this = await call.read(lambda s: s.runs.get_writable(workspace, run, caller=call.caller))
    spec = this.spec.environment
    if spec is not None and digest in spec.wheels.values():
        return await blob_answer(call, request, RawFile(digest, digest))
    found = await asyncio.to_thread(call.house.parcels, digest)
    if found is None:
        raise NotFoundError(
            "FileNotFound", "No such file was laid ready for runs.", target="digest"
        )
    size = (await asyncio.to_thread(found.stat)).st_size
    headers = {"content-length": str(size)}
    return Stream(_chunks(found), headers=headers, media_type=OCTETS)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


ROUTES: Final[list[ControllerRouterHandler]] = [fetch_file]
