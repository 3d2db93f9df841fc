"""Bodies too large to hold: uploads as streams, downloads with ranges."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.response import Stream

from zaffre.domain.errors import InvalidError, TooLargeError
from zaffre.domain.paths import check_path
from zaffre.protocols.http.asgi import Message, Receive
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import OCTETS, RawFile, file_answer

MAX_RAW_BYTES = 1 << 40


def relative(path: str) -> str:
    """Return a `{path:path}` parameter without the slash in front, checked."""
    return check_path(path.removeprefix("/"))


def raw_body(
    request: Request[Any, Any, Any], *, limit: int = MAX_RAW_BYTES
) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; raises as `received`."""
    return received(request.receive, limit=limit, announced=request.content_length or 0)


async def received(receive: Receive, *, limit: int, announced: int) -> AsyncIterator[bytes]:
    """Yield the body of a request as it arrives.

    Args:
        receive: Of the request.
        limit: The most bytes that are taken.
        announced: How many bytes the client said it would send; 0 when it did not.

    Raises:
        TooLargeError: `BodyTooLarge`, as soon as more than `limit` bytes are announced or came.
        InvalidError: `BodyIncomplete`, when the client went away.
    """
    if announced > limit:
        raise _too_large(limit)
    seen = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidError("BodyIncomplete", f"The body ended early, after {seen} bytes.")
        chunk = message.get("body", b"")
        seen += len(chunk)
        if seen > limit:
            raise _too_large(limit)
        yield chunk
        more = message.get("more_body", False)


async def gathered(receive: Receive, *, limit: int, announced: int) -> bytes:
    """Return the body of a request, which nearly always comes in one piece.

    Raises:
        TooLargeError: As `received`.
        InvalidError: As `received`.
    """
    if announced <= limit:
        message = await receive()
        body: bytes = message.get("body", b"")
        is_whole = message["type"] == "http.request" and not message.get("more_body", False)
        if is_whole and len(body) <= limit:
            return body
        receive = _beginning_with(message, receive)
    chunks = received(receive, limit=limit, announced=announced)
    return b"".join([chunk async for chunk in chunks])


async def small_body(request: Request[Any, Any, Any], *, limit: int) -> bytes:
    """Return a raw body of at most `limit` bytes."""
    return await gathered(request.receive, limit=limit, announced=request.content_length or 0)


async def blob_answer(call: Call, request: Request[Any, Any, Any], file: RawFile) -> Stream:
    """Answer with a blob, or with the part of it that a Range header asks for.

    Raises:
        RangeError: The header asks for several parts, or beyond the end.
        NotFoundError: `BlobNotFound`.
    """
    found = await file_answer(call.blobs, file, request.headers.get("range"))
    return Stream(found.chunks, headers=found.headers, media_type=OCTETS, status_code=found.status)


def _beginning_with(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def again() -> Message:
        message: Message = waiting.pop() if waiting else await receive()
        return message

    return again


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError("BodyTooLarge", f"The body is larger than {limit} bytes.", target="body")
