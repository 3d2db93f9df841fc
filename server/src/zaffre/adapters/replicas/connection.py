"""The server's end of the stream to one replica."""

import asyncio
from collections import deque
from typing import Final, cast

import msgspec
from zaffre_sdk.scoring.frames import (
    ANSWER,
    FAILED,
    READY,
    Frame,
    FrameError,
    FrameReader,
    Request,
    header_block,
    parse_answer,
    parse_headers,
    request_frame,
)
from zaffre_sdk.wire.errors import ErrorBody, ErrorOut

from zaffre.ports.replicas import ReplicaFailedError, ScoringAnswer

MAX_WAITING_BYTES: Final = 1 << 28
_MAX_NUMBER: Final = 0xFFFFFFFF
_MAX_KNOWN_BLOCKS: Final = 64


class Failure(msgspec.Struct):
    """Why a replica could not begin."""

    code: str
    message: str
    details: str


class About(msgspec.Struct):
    """What a replica says of itself when it begins."""

    headers: bool


class Waiting(msgspec.Struct, gc=False):
    """A call that was passed on."""

    number: int
    future: asyncio.Future[ScoringAnswer]
    size: int


class Connection(asyncio.Protocol):
    """Passes calls on in order, and gives answers back in the same order.

    Attributes:
        ready: Done when the replica answers; fails when it cannot begin.
        lost: Done when the stream ended, from whichever side.
        stuck: Done when a call took longer than it may.
        swagger: The document that the replica sent.
    """

    def __init__(self, *, timeout: float, max_waiting: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._max_waiting = max_waiting
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader()
        self._waiting: deque[Waiting] = deque()
        self._waiting_bytes = 0
        self._number = 0
        # Calls are run one after the other, so that one time is enough: since when the first of
        # those that wait is being run.
        self._first_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._wants_headers = False
        self._known_blocks: dict[bytes, tuple[tuple[bytes, bytes], ...]] = {}
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.stuck: asyncio.Future[None] = self._loop.create_future()
        self.idle = asyncio.Event()
        self.idle.set()
        self.swagger = b""

    @property
    def waiting(self) -> int:
        """How many calls were passed on and are not answered."""
        return len(self._waiting)

    @property
    def is_open(self) -> bool:
        """Whether calls can be passed on."""
        return self._transport is not None and not self._transport.is_closing()

    async def score(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> ScoringAnswer:
        """Pass one call on and return its answer, whatever happens to the replica."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return died()
        waiting, size = self._waiting, len(body)
        if len(waiting) >= self._max_waiting or self._waiting_bytes + size > MAX_WAITING_BYTES:
            return busy()
        if not waiting:
            self._first_since = self._loop.time()
            self.idle.clear()
            if self._timer is None:
                self._timer = self._loop.call_later(self._timeout, self._check)
        self._number = number = self._number + 1 if self._number < _MAX_NUMBER else 1
        future: asyncio.Future[ScoringAnswer] = self._loop.create_future()
        waiting.append(Waiting(number, future, size))
        self._waiting_bytes += size
        block = header_block(headers) if self._wants_headers else b""
        transport.write(request_frame(number, Request(method, path, block, body)))
        return await future

    def close(self) -> None:
        """End the stream; the replica ends when it notices."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the stream without sending what is left."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Give answers to those who wait."""
        try:
            for frame in self._reader.feed(data):
                if frame.kind == ANSWER:
                    self._answered(frame)
                else:
                    self._told(frame)
        except (FrameError, msgspec.DecodeError):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the signature of asyncio)
        """Answer everybody who still waits."""
        if self._timer is not None:
            self._timer.cancel()
        while self._waiting:
            self._finish(self._waiting.popleft(), died())
        self.idle.set()
        for future in (self.ready, self.lost):
            if not future.done():
                future.set_result(None)

    def _answered(self, frame: Frame) -> None:
        waiting = self._waiting
        if not waiting or waiting[0].number != frame.number:
            raise FrameError(f"an answer to call {frame.number}, which is not the first")
        answer = parse_answer(frame.payload)
        headers = self._headers(answer.headers)
        if answer.microseconds:
            took = b"%.3f" % (answer.microseconds / 1000)
            headers = (*headers, (b"x-ms-run-fn-exec-ms", took))
        self._finish(waiting.popleft(), ScoringAnswer(answer.status, headers, answer.body))
        if waiting:
            self._first_since = self._loop.time()
        else:
            self.idle.set()

    def _finish(self, call: Waiting, answer: ScoringAnswer) -> None:
        self._waiting_bytes -= call.size
        if not call.future.done():
            call.future.set_result(answer)

    def _headers(self, block: bytes) -> tuple[tuple[bytes, bytes], ...]:
        known = self._known_blocks.get(block)
        if known is None:
            known = parse_headers(block)
            if len(self._known_blocks) < _MAX_KNOWN_BLOCKS:
                self._known_blocks[block] = known
        return known

    def _told(self, frame: Frame) -> None:
        if self.ready.done() or frame.kind not in (READY, FAILED):
            raise FrameError(f"a frame of kind {frame.kind}")
        if frame.kind == FAILED:
            failure = msgspec.json.decode(frame.payload, type=Failure)
            self.ready.set_exception(
                ReplicaFailedError(failure.code, failure.message, details=failure.details)
            )
            return
        about, _, self.swagger = frame.payload.partition(b"\n")
        self._wants_headers = msgspec.json.decode(about, type=About).headers
        self.ready.set_result(None)

    def _check(self) -> None:
        """Look at the first call from time to time rather than keep a timer for each."""
        self._timer = None
        if not self._waiting:
            return
        left = self._first_since + self._timeout - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check)
            return
        self._finish(self._waiting.popleft(), timed_out(self._timeout))
        if not self.stuck.done():
            self.stuck.set_result(None)
        self.abort()


def refusal(status: int, code: str, message: str, *headers: tuple[bytes, bytes]) -> ScoringAnswer:
    """Return an answer of the house in the form of all its errors."""
    body = msgspec.json.encode(ErrorOut(error=ErrorBody(code=code, message=message)))
    return ScoringAnswer(
        status,
        (
            (b"content-type", b"application/json"),
            (b"x-ms-error-code", code.encode()),
            *headers,
        ),
        body,
    )


def died() -> ScoringAnswer:
    """Return the answer to a call whose replica ended under it."""
    return refusal(
        502,
        "ReplicaDied",
        "The process that ran this call ended before it answered; the log of the endpoint says "
        "why. Another one is being started.",
    )


def busy() -> ScoringAnswer:
    """Return the answer to a call for which there is no place."""
    return refusal(
        429,
        "TooManyRequests",
        "Too many calls wait for this endpoint. Send fewer at once, or deploy more replicas.",
        (b"retry-after", b"1"),
    )


def timed_out(seconds: float) -> ScoringAnswer:
    """Return the answer to a call that took too long."""
    return refusal(
        408,
        "ScoringTimeout",
        f"`run` did not return within {seconds:g} s and was ended. "
        "Raise the scoring timeout of the deployment if it needs longer.",
    )
