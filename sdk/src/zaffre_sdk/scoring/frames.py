"""How the server and a replica talk: frames of bytes on one stream, in both directions.

A frame is a head (how many bytes follow, the number of the call, the kind) and a payload. Header
fields travel as one block of `name:value` lines with lower-case names. Calls are answered in the
order in which they were sent.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

REQUEST: Final = 1
ANSWER: Final = 2
READY: Final = 3
FAILED: Final = 4

MAX_FRAME: Final = 1 << 28
MAX_MICROSECONDS: Final = (1 << 32) - 1
_HEAD: Final = struct.Struct("!IIB")
_REQUEST: Final = struct.Struct("!IIBBII")
_ANSWER: Final = struct.Struct("!IIBHII")
_REQUEST_FIELDS: Final = struct.Struct("!BII")
_ANSWER_FIELDS: Final = struct.Struct("!HII")


class FrameError(Exception):
    """The other side sent what is no frame."""


class Frame(NamedTuple):
    """What arrived.

    Attributes:
        number: Which call it belongs to; 0 for none.
        kind: `REQUEST`, `ANSWER`, `READY` or `FAILED`.
    """

    number: int
    kind: int
    payload: bytes


class Request(NamedTuple):
    """One call.

    Attributes:
        path: With the query string, if there is one.
        headers: A block; empty when the replica said that it wants none.
    """

    method: str
    path: str
    headers: bytes
    body: bytes


class Answer(NamedTuple):
    """What a call is answered.

    Attributes:
        microseconds: How long the user's function took.
        headers: A block.
    """

    status: int
    microseconds: int
    headers: bytes
    body: bytes


class FrameReader:
    """Cuts a stream into frames; time and memory are linear in what arrives."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed = _HEAD.size

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes as they come and return the frames that are now whole.

        Raises:
            FrameError: A frame is announced that is longer than `MAX_FRAME`.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        return self._cut(data)

    def _cut(self, data: bytes) -> list[Frame]:
        found: list[Frame] = []
        start, size, head = 0, len(data), _HEAD.size
        needed = head
        while size - start >= head:
            length, number, kind = _HEAD.unpack_from(data, start)
            if length > MAX_FRAME:
                raise FrameError(f"a frame of {length} bytes")
            needed = head + length
            if size - start < needed:
                break
            found.append(Frame(number, kind, data[start + head : start + needed]))
            start += needed
            needed = head
        self._needed = needed
        if start < size:
            self._rest += data[start:]
        return found


def frame(number: int, kind: int, payload: bytes) -> bytes:
    """Return a frame."""
    return _HEAD.pack(len(payload), number, kind) + payload


def request_frame(number: int, request: Request) -> bytes:
    """Return a call as a frame."""
    method, path = request.method.encode("latin-1"), request.path.encode("latin-1")
    headers, body = request.headers, request.body
    fields = len(method), len(path), len(headers)
    length = _REQUEST_FIELDS.size + sum(fields) + len(body)
    start = _REQUEST.pack(length, number, REQUEST, *fields)
    return b"".join((start, method, path, headers, body))


def parse_request(payload: bytes) -> Request:
    """Return the call that a payload of kind `REQUEST` carries."""
    method, path, headers = _REQUEST_FIELDS.unpack_from(payload)
    path_at = _REQUEST_FIELDS.size + method
    headers_at = path_at + path
    body_at = headers_at + headers
    return Request(
        payload[_REQUEST_FIELDS.size : path_at].decode("latin-1"),
        payload[path_at:headers_at].decode("latin-1"),
        payload[headers_at:body_at],
        payload[body_at:],
    )


def answer_frame(number: int, answer: Answer) -> bytes:
    """Return an answer as a frame."""
    status, microseconds, headers, body = answer
    length = _ANSWER_FIELDS.size + len(headers) + len(body)
    start = _ANSWER.pack(length, number, ANSWER, status, microseconds, len(headers))
    return b"".join((start, headers, body))


def parse_answer(payload: bytes) -> Answer:
    """Return the answer that a payload of kind `ANSWER` carries.

    Raises:
        FrameError: It is too short, or its status is none.
    """
    if len(payload) < _ANSWER_FIELDS.size:
        raise FrameError("an answer without a status")
    status, microseconds, headers = _ANSWER_FIELDS.unpack_from(payload)
    if not 200 <= status < 600:  # noqa: PLR2004 (what may end a request)
        raise FrameError(f"an answer of status {status}")
    body_at = _ANSWER_FIELDS.size + headers
    return Answer(status, microseconds, payload[_ANSWER_FIELDS.size : body_at], payload[body_at:])


def header_block(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return header fields as a block."""
    return b"\n".join([b"%b:%b" % field for field in headers])


def parse_headers(block: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header fields of a block; lines that are none are left out."""
    fields = (line.partition(b":") for line in block.split(b"\n"))
    return tuple((name, value) for name, colon, value in fields if colon and name)
