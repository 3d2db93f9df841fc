"""Bodies too large to hold: uploads as streams, downloads with ranges."""

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import quote

from litestar import Request
from litestar.response import Stream

from zaffre.domain.errors import InvalidError, TooLargeError
from zaffre.domain.paths import check_path
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.errors import RangeError

OCTETS = "application/octet-stream"
MAX_RAW_BYTES = 1 << 40
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Part(NamedTuple):
    """Bytes `start` to `start + length` of something longer."""

    start: int
    length: int


class RawFile(NamedTuple):
    """A blob to answer with.

    Attributes:
        name: What a browser calls the file when it saves it; a path is cut to its last segment.
    """

    digest: str
    name: str


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

    The blob store checks the digest at the latest behind the last byte; when it differs the
    connection breaks before the announced length, so that nobody takes the bytes for whole.

    Raises:
        RangeError: The header asks for several parts, or beyond the end.
        NotFoundError: `BlobNotFound`.
    """
    size = await call.blobs.size(file.digest)
    part = part_of(request.headers.get("range"), size)
    headers = {
        "content-length": str(part.length if part else size),
        "accept-ranges": "bytes",
        "x-zaffre-digest": file.digest,
        "content-disposition": attachment(file.name),
    }
    if part is None:
        chunks = call.blobs.open(file.digest)
        return Stream(chunks, headers=headers, media_type=OCTETS)
    headers["content-range"] = f"bytes {part.start}-{part.start + part.length - 1}/{size}"
    chunks = call.blobs.open(file.digest, start=part.start, length=part.length)
    return Stream(chunks, headers=headers, media_type=OCTETS, status_code=206)


def part_of(header: str | None, size: int) -> Part | None:
    """Return the one part that a Range header asks for, or None when there is no header.

    Raises:
        RangeError: It asks for several parts, or beyond the end.
    """
    if header is None:
        return None
    match = _RANGE.fullmatch(header.strip())
    first, last = match.groups() if match else ("", "")
    if not first and not last:
        raise RangeError(header, size)
    if first:
        start, end = int(first), min(int(last or size), size - 1)
    else:
        start, end = max(size - int(last), 0), size - 1
    if start > end:
        raise RangeError(header, size)
    return Part(start, end - start + 1)


def attachment(name: str) -> str:
    """Return a Content-Disposition that makes a browser save, never show."""
    last = name.rpartition("/")[2]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in last)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='')}"


def too_large(limit: int) -> TooLargeError:
    """Return the refusal of a body over a limit."""
    return TooLargeError("BodyTooLarge", f"The body is larger than {limit} bytes.", target="body")
