"""Snapshots over HTTP."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.files import SnapshotIn, SnapshotOut

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import RawFile
from zaffre.protocols.http.streaming import blob_answer, relative
from zaffre.protocols.native.translate.snapshots import from_snapshot, to_files

_ALL = "/workspaces/{workspace:str}/snapshots"
_ONE = "/workspaces/{workspace:str}/snapshots/{snapshot:str}"


@post(_ALL, permission=Permission.BLOBS_WRITE)
async def create_snapshot(call: Call, workspace: str, data: SnapshotIn) -> SnapshotOut:
    """Keep a source folder whose bytes were sent before."""
    files = to_files(data.files)
    return await call.write_once(
        SnapshotOut,
        lambda s: from_snapshot(s.snapshots.create(workspace, files, caller=call.caller)),
    )


@get(_ONE, permission=Permission.RUNS_READ)
async def show_snapshot(call: Call, workspace: str, snapshot: str) -> SnapshotOut:
    """Answer a snapshot with its files."""
    return from_snapshot(
        await call.read(lambda s: s.snapshots.get(workspace, snapshot, caller=call.caller))
    )


@get(f"{_ONE}/files/{{path:path}}", permission=Permission.RUNS_READ)
async def download_snapshot_file(
    call: Call, request: Request[Any, Any, Any], workspace: str, snapshot: str, path: str
) -> Stream:
    """Answer the bytes of one file of a snapshot."""
    place = relative(path)
    file = await call.read(
        lambda s: s.snapshots.get_file(workspace, snapshot, place, caller=call.caller)
    )
    return await blob_answer(call, request, RawFile(file.digest, file.path))


ROUTES: Final[list[ControllerRouterHandler]] = [
    create_snapshot,
    show_snapshot,
    download_snapshot_file,
]
