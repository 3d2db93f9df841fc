"""Bodies too large to hold: uploads as streams, downloads with ranges."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.response import Stream

from zaffre.domain.errors import InvalidError, TooLargeError
from zaffre.domain.paths import check_path
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import OCTETS, RawFile, file_answer

MAX_RAW_BYTES = 1 << 40


def relative(path: str) -> str:
    """Return a `{path:path}` parameter without the slash in front, checked."""
    return check_path(path.removeprefix("/"))


async def raw_body(
    request: Request[Any, Any, Any], *, limit: int = MAX_RAW_BYTES
) -> AsyncIterator[bytes]:
    """Yield the body as it arrives.

    Raises:
        TooLargeError: `BodyTooLarge`, as soon as more than `limit` bytes are announced or came.
        InvalidError: `BodyIncomplete`, when the client went away.
    """
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    seen = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise InvalidError("BodyIncomplete", f"The body ended early, after {seen} bytes.")
        if message["type"] == "http.request":
            seen += len(message["body"])
            if seen > limit:
                raise too_large(limit)
            yield message["body"]
            more = message["more_body"]


async def small_body(request: Request[Any, Any, Any], *, limit: int) -> bytes:
    """Return a raw body of at most `limit` bytes."""
    return b"".join([chunk async for chunk in raw_body(request, limit=limit)])


async def blob_answer(call: Call, request: Request[Any, Any, Any], file: RawFile) -> Stream:
    """Answer with a blob, or with the part of it that a Range header asks for.

    Raises:
        RangeError: The header asks for several parts, or beyond the end.
        NotFoundError: `BlobNotFound`.
    """
    found = await file_answer(call.blobs, file, request.headers.get("range"))
    return Stream(found.chunks, headers=found.headers, media_type=OCTETS, status_code=found.status)


def too_large(limit: int) -> TooLargeError:
    """Return the refusal of a body over a limit."""
    return TooLargeError("BodyTooLarge", f"The body is larger than {limit} bytes.", target="body")
