"""Connections of a real server that come to nothing are cut; those that live are not."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from zaffre.protocols.http.patience import MAX_GATHERED_BYTES, PatientProtocol
from zaffre.protocols.http.ports import bind_loopback
from zaffre.protocols.http.serving import config_of, new_event_loop

IDLE = 0.5
HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Impatient(PatientProtocol):
    idle_seconds = IDLE
    unread_seconds = IDLE


class Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):
        yield


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/slow":
        await asyncio.sleep(IDLE * 3)
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    names = [name.decode() for name, _ in scope["headers"]]
    body = json.dumps([size, names]).encode()
    if scope["path"] == "/large":
        body = b"x" * (32 << 20)
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[int]:
    config = config_of(app, drain_seconds=1)
    assert config.http is PatientProtocol
    config.http = Impatient
    server, listening = Quiet(config), bind_loopback(0)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task


def talk(conversation: Talk) -> None:
    async def inside() -> None:
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                async with asyncio.timeout(20):
                    await conversation(reader, writer)
            finally:
                writer.close()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(inside())


async def is_cut(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def answer(reader: asyncio.StreamReader) -> Any:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].split()[0])
    return json.loads(await reader.readexactly(length))


@pytest.mark.parametrize(
    "sent", [b"", HEAD[:20], HEAD, HEAD + b"half", b"\r\n"], ids=lambda sent: repr(sent[-8:])
)
def test_r35_silence_is_cut(sent: bytes) -> None:
    async def conversation(reader, writer):
        writer.write(sent)
        assert await is_cut(reader)

    talk(conversation)


def test_r35_a_head_that_trickles_is_cut() -> None:
    async def conversation(reader, writer):
        async def trickle():
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(b"X" if not started else b"x")
                    started.append(1)
                    await writer.drain()
                    await asyncio.sleep(IDLE / 10)

        started: list[int] = []
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        trickling = asyncio.create_task(trickle())
        assert await is_cut(reader)
        trickling.cancel()

    talk(conversation)


def test_r35_an_answer_that_nobody_takes_is_cut() -> None:
    async def conversation(reader, writer):
        writer.transport.pause_reading()
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(IDLE * 4)  # it is this silence that is cut
        writer.transport.resume_reading()
        seen = 0
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 20):
                seen += len(data)
        assert seen < 32 << 20

    talk(conversation)


def test_a_connection_that_lives_is_not_cut() -> None:
    async def conversation(reader, writer):
        for path in (b"/slow", b"/echo"):  # a long answer, and then a body with pauses
            head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n" % path
            writer.write(head)
            for _ in range(10):
                await asyncio.sleep(IDLE / 5)
                writer.write(b"x")
            assert (await answer(reader))[0] == 10
        await asyncio.sleep(IDLE * 2)  # between two requests there is more time
        writer.write(HEAD + b"0123456789")
        assert (await answer(reader))[0] == 10

    talk(conversation)


def test_c22_a_head_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    async def conversation(reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                writer.write(b"x" * (MAX_GATHERED_BYTES // 8))
                await writer.drain()
        assert (await reader.readline()).split()[1] == b"431"

    talk(conversation)


def test_fields_behind_a_body_are_no_headers() -> None:
    async def conversation(reader, writer):
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nab\r\n0\r\nContent-Type: x\r\nAuthorization: x\r\n\r\n"
        )
        assert await answer(reader) == [2, ["host", "transfer-encoding"]]

    talk(conversation)


def test_endless_fields_behind_a_body_are_cut() -> None:
    async def conversation(reader, writer):
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"
        )
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"X-More: " + b"x" * 8000 + b"\r\n")
                await writer.drain()
        assert await is_cut(reader)

    talk(conversation)
