"""Stored bytes as answers, whole or in part, for every door."""

import re
from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from urllib.parse import quote

from zaffre.ports.blobs import Blobs
from zaffre.protocols.http.errors import RangeError

OCTETS: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


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


class FileAnswer(NamedTuple):
    """A blob, or a part of it, on its way out.

    Attributes:
        chunks: What is answered, piece by piece.
        body: All of it at once, when it is little; then there is no need for `chunks`.
    """

    status: int
    headers: dict[str, str]
    chunks: AsyncIterator[bytes]
    body: bytes | None = None


async def file_answer(blobs: Blobs, file: RawFile, wanted: str | None) -> FileAnswer:
    """Return a blob, or the part of it that a Range header wants.

    The blob store checks the digest at the latest behind the last byte; when it differs the
    connection breaks before the announced length, so that nobody takes the bytes for whole.

    Raises:
        RangeError: The header asks for several parts, or beyond the end.
        NotFoundError: `BlobNotFound`.
        PreconditionError: `DigestMismatch`, when that is known before the first byte is sent.
    """
    body = await blobs.small(file.digest) if wanted is None else None
    size = await blobs.size(file.digest) if body is None else len(body)
    part = part_of(wanted, size)
    headers = {
        "content-length": str(part.length if part else size),
        "accept-ranges": "bytes",
        "x-zaffre-digest": file.digest,
        "content-disposition": attachment(file.name),
    }
    if body is not None:
        return FileAnswer(200, headers, _once(body), body)
    if part is None:
        return FileAnswer(200, headers, blobs.open(file.digest))
    headers["content-range"] = f"bytes {part.start}-{part.start + part.length - 1}/{size}"
    return FileAnswer(206, headers, blobs.open(file.digest, start=part.start, length=part.length))


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


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
