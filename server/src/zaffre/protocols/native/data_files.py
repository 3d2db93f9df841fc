"""The files of datastores over HTTP, streamed in constant memory."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from litestar import HttpMethod, Request, Response, delete, get, put, route
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire import datastores as wire

from zaffre.domain.access import Permission
from zaffre.domain.data_files import DataFile
from zaffre.domain.errors import PreconditionError
from zaffre.domain.files import check_digest
from zaffre.protocols.http.bodies import MSGPACK
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import OCTETS, attachment, part_of
from zaffre.protocols.http.streaming import raw_body
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.words import from_time

_ALL: Final = "/workspaces/{workspace:str}/datastores/{name:str}/files"
_ONE: Final = f"{_ALL}/{{path:path}}"
MAX_PAGE: Final = 10_000
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Length of the page")]
Prefix = Annotated[str, QueryParameter(description="What the paths begin with")]
Chosen = Annotated[
    str | None,
    QueryParameter(description="A path, a folder, or a pattern with `*` and `**`"),
]
Doomed = Annotated[str, QueryParameter(description="A file, or a folder with all files in it")]
Overwrite = Annotated[bool, QueryParameter(description="Replace the file that is there")]
Digest = Annotated[
    str | None, HeaderParameter(name="x-zaffre-digest", description="SHA-256 of the body")
]


@get(_ALL, permission=Permission.DATA_READ)
async def list_data_files(  # noqa: PLR0913 - one parameter for each filter
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    name: str,
    *,
    prefix: Prefix = "",
    pattern: Chosen = None,
    limit: Limit = 1000,
    after: str | None = None,
) -> Response[wire.DataFileList]:
    """List files by path."""
    pages = Pages(call, "data files", workspace, name, prefix, pattern, limit=limit)
    place = pages.place(after)
    files = await call.house.data_access.files(workspace, name, caller=call.caller)
    read: list[DataFile] = []
    async for file in files.list(prefix=prefix, pattern=pattern, after=place):
        read.append(file)
        if len(read) == pages.read_limit:
            break
    page, following = pages.cut(read, lambda file: file.path)
    answer = wire.DataFileList(value=[_out(file) for file in page], next=following)
    if MSGPACK not in request.headers.get("accept", ""):
        return Response(answer)
    # Litestar sends bytes as they are.
    return Response(msgspec.msgpack.encode(answer), media_type=MSGPACK)  # type: ignore[arg-type]


@route(_ONE, http_method=[HttpMethod.GET, HttpMethod.HEAD], permission=Permission.DATA_READ)
async def read_data_file(
    call: Call, request: Request[Any, Any, Any], workspace: str, name: str, path: str
) -> Stream:
    """Answer the bytes of a file, or the part that a Range header asks for."""
    place = path.removeprefix("/")
    files = await call.house.data_access.files(workspace, name, caller=call.caller)
    file = await files.stat(place)
    part = part_of(request.headers.get("range"), file.size)
    length = file.size if part is None else part.length
    headers = {
        "etag": f'"{file.mark}"',
        "content-length": str(length),
        "accept-ranges": "bytes",
        "content-disposition": attachment(file.path),
    }
    if part is not None:
        end = part.start + part.length - 1
        headers["content-range"] = f"bytes {part.start}-{end}/{file.size}"
    status = 200 if part is None else 206
    # The mark holds what was said of the file and its bytes together.
    start = part.start if part else 0
    chunks = files.read(place, start=start, length=length, mark=file.mark)
    if request.method == HttpMethod.HEAD:
        chunks = _nothing()
    return Stream(chunks, headers=headers, media_type=OCTETS, status_code=status)


@put(_ONE, permission=Permission.DATA_WRITE)
async def write_data_file(  # noqa: PLR0913 - one parameter for each way of writing
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    name: str,
    path: str,
    *,
    overwrite: Overwrite = False,
    expected: Digest = None,
) -> wire.DataFile:
    """Write the body at a path; it is seen once it is whole, and checked by a given digest."""
    asked = None if expected is None else check_digest(expected, target="x-zaffre-digest")
    files = await call.house.data_access.files(workspace, name, caller=call.caller)
    body = raw_body(request)
    chunks = body if asked is None else _checked(body, asked)
    return _out(await files.write(path.removeprefix("/"), chunks, overwrite=overwrite))


@delete(_ALL, permission=Permission.DATA_WRITE, status_code=200)
async def remove_data_files(
    call: Call, workspace: str, name: str, prefix: Doomed
) -> wire.DataFilesRemoved:
    """Remove a file, or a folder with all files in it, and answer how many there were."""
    count = await call.house.data_access.remove(workspace, name, prefix, caller=call.caller)
    return wire.DataFilesRemoved(count=count)


async def _checked(chunks: AsyncIterator[bytes], expected: str) -> AsyncIterator[bytes]:
    """Yield the bytes, and break them off in the end when they are not the expected ones."""
    seen = hashlib.sha256()
    async for chunk in chunks:
        seen.update(chunk)
        yield chunk
    if seen.hexdigest() != expected:
        raise PreconditionError(
            "DigestMismatch",
            f"The bytes have the digest `{seen.hexdigest()}`, not `{expected}`.",
            target="digest",
            hint="They changed on their way; send them again.",
        )


async def _nothing() -> AsyncIterator[bytes]:
    for chunk in list[bytes]():
        yield chunk


def _out(file: DataFile) -> wire.DataFile:
    return wire.DataFile(
        path=file.path,
        size=file.size,
        modified_at=from_time(file.modified_at),
        mark=file.mark,
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    list_data_files,
    read_data_file,
    write_data_file,
    remove_data_files,
]
