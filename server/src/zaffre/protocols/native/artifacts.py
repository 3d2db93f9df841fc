"""The files of runs over HTTP."""

from typing import Annotated, Any, Final

from litestar import Request, get, post, put
from litestar.params import HeaderParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.artifacts import ArtifactIn, ArtifactList, ArtifactOut

from zaffre.domain.access import Permission
from zaffre.domain.artifacts import Artifact
from zaffre.domain.files import check_digest
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import RawFile
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.http.streaming import blob_answer, raw_body, relative, small_body
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.artifacts import from_artifact
from zaffre.services.keeper import MAX_BYTES
from zaffre.services.work import Services

_ALL = "/workspaces/{workspace:str}/runs/{run:str}/artifacts"
_ONE = "/workspaces/{workspace:str}/runs/{run:str}/artifacts/{path:path}"
Digest = Annotated[
    str | None, HeaderParameter(name="x-zaffre-digest", description="SHA-256 of the body")
]


@get(_ALL, permission=Permission.RUNS_READ)
async def list_artifacts(
    call: Call,
    workspace: str,
    run: str,
    prefix: str = "",
    limit: Limit = 1000,
    after: str | None = None,
) -> ArtifactList:
    """List the files of a run by path."""
    pages = Pages(call, "artifacts", workspace, run, prefix, limit=limit)
    place = pages.place(after)
    read = await call.read(
        lambda s: s.artifacts.list(
            workspace, run, caller=call.caller, limit=pages.read_limit, prefix=prefix, after=place
        )
    )
    page, following = pages.cut(read, lambda artifact: artifact.path)
    return ArtifactList(value=[from_artifact(found) for found in page], next=following)


@put(_ONE, permission=Permission.RUNS_WRITE)
async def upload_artifact(
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    run: str,
    path: str,
    expected: Digest = None,
) -> ArtifactOut:
    """Store the body at a path of the run; the digest is checked when it is given."""
    place = relative(path)
    asked = None if expected is None else check_digest(expected, target="x-zaffre-digest")
    if request.content_length is not None and request.content_length <= MAX_BYTES:
        data = await small_body(request, limit=MAX_BYTES)
        blob = await call.blobs.keep(data, expected=asked)
    else:
        data = None
        await call.read(lambda s: s.runs.get_writable(workspace, run, caller=call.caller))
        blob = await call.blobs.put(raw_body(request), expected=asked)

    def store(s: Services) -> Artifact:
        digest, size = blob
        if data is not None:
            s.stores.kept.add(digest, data)
        return s.artifacts.put(workspace, run, place, caller=call.caller, digest=digest, size=size)

    return from_artifact(await call.write(store))


@post(_ALL, permission=Permission.RUNS_WRITE, status_code=200)
async def link_artifact(call: Call, workspace: str, run: str, data: ArtifactIn) -> ArtifactOut:
    """Put bytes that the workspace was sent before at a path of the run."""
    stored = await call.write(
        lambda s: s.artifacts.link(
            workspace, run, data.path, caller=call.caller, digest=data.digest
        )
    )
    return from_artifact(stored)


@get(_ONE, permission=Permission.RUNS_READ)
async def download_artifact(
    call: Call, request: Request[Any, Any, Any], workspace: str, run: str, path: str
) -> Stream:
    """Answer the bytes of a file, or the part that a Range header asks for."""
    place = relative(path)
    found = await call.read(lambda s: s.artifacts.get(workspace, run, place, caller=call.caller))
    return await blob_answer(call, request, RawFile(found.digest, found.path))


ROUTES: Final[list[ControllerRouterHandler]] = [
    list_artifacts,
    upload_artifact,
    link_artifact,
    download_artifact,
]
