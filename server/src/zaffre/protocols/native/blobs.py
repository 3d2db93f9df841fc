"""Bytes by their content over HTTP."""

from typing import Any, Final

from litestar import Request, post, put
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.files import BlobOut, DigestsIn, DigestsOut

from zaffre.domain.access import Permission
from zaffre.domain.files import check_digest
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.streaming import raw_body

_ALL = "/workspaces/{workspace:str}/blobs"


@post(f"{_ALL}/missing", permission=Permission.BLOBS_WRITE, status_code=200)
async def list_missing(call: Call, workspace: str, data: DigestsIn) -> DigestsOut:
    """Answer which of these the workspace was not sent yet."""
    missing = await call.read(
        lambda s: s.snapshots.missing(workspace, data.digests, caller=call.caller)
    )
    return DigestsOut(missing=missing)


@put(f"{_ALL}/{{digest:str}}", permission=Permission.BLOBS_WRITE, status_code=201)
async def upload_blob(
    call: Call, request: Request[Any, Any, Any], workspace: str, digest: str
) -> BlobOut:
    """Store the body under its digest."""
    check_digest(digest)
    await call.read(lambda s: s.workspaces.get(workspace, caller=call.caller))
    stored, size = await call.blobs.put(raw_body(request), expected=digest)
    await call.write(lambda s: s.snapshots.note_blob(workspace, stored, size, caller=call.caller))
    return BlobOut(digest=stored, size=size)


ROUTES: Final[list[ControllerRouterHandler]] = [list_missing, upload_blob]
