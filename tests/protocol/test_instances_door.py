"""The door of instances, over real sockets: who gets through, and what arrives at the program."""

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from doors import SECRET, open_doors
from zaffre.base.clock import system_clock
from zaffre.base.ids import new_id
from zaffre.domain.access import OWNER, RUN, Principal, Token
from zaffre.ports.instances import RunningInstance
from zaffre.protocols.http.asgi import Receive, Scope, Send
from zaffre.protocols.http.patience import IDLE_SECONDS, PatientProtocol
from zaffre.protocols.http.security import Security
from zaffre.protocols.http.serving import HttpServer, listen
from zaffre.protocols.instances.door import InstanceDoor
from zaffre.protocols.studio.sessions import Sessions
from zaffre.services.instances import InstanceTable, entrance
from zaffre.services.tokens import digest_of

KEY = ("w1", "ci")
ROOT = "/instances/w1/ci/"
BEARER = f"Authorization: Bearer {SECRET}"
OWNS = Principal(name="owner", permissions=OWNER)
UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"


@dataclass
class Program:
    """A program that tells what arrives, and echoes what comes on its web sockets."""

    heads: list[str] = field(default_factory=list)
    answer: bytes = b""
    switches: bytes = SWITCHED
    thinks: bool = False
    breaks: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = contextlib.suppress(asyncio.IncompleteReadError, ConnectionError)
        with contextlib.closing(writer), gone:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                if "upgrade: websocket" in head.lower():
                    writer.write(self.switches + b"hello")
                    while data := await reader.read(1 << 16):
                        writer.write(data)
                        await writer.drain()
                    break
                body = await self._body(reader, head)
                if self.thinks:
                    self.asked.set()
                    await reader.read()
                    self.left.set()
                    break
                text = self.answer or json.dumps({"got": len(body)}).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nserver: secret/1\r\n"
                    b"set-cookie: _xsrf=1; Path=/instances/w1/ci/\r\n"
                    b"set-cookie: zaffre-studio=stolen; Path=/\r\n"
                    b"content-length: %d\r\n\r\n" % (len(text) + self.breaks) + text
                )
                await writer.drain()
                if self.breaks:
                    break

    async def _body(self, reader: asyncio.StreamReader, head: str) -> bytes:
        for line in head.lower().split("\r\n"):
            name, _, value = line.partition(":")
            if name == "content-length":
                return await reader.readexactly(int(value))
        return b""

    def headers(self) -> dict[str, str]:
        """Return what arrived last, each name once."""
        lines = self.heads[-1].strip().split("\r\n")[1:]
        found = [(n.strip().lower(), v.strip()) for n, _, v in (x.partition(":") for x in lines)]
        assert len(dict(found)) == len(found), found
        return dict(found)


@dataclass
class Place:
    port: int
    program: Program
    table: InstanceTable
    sessions: Sessions

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def connected(
        self, target: str, *headers: str, method: str = "GET", body: bytes = b""
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        try:
            async with asyncio.timeout(20):
                yield reader, writer
        finally:
            writer.close()

    async def ask(
        self, target: str, *headers: str, method: str = "GET", body: bytes = b""
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        close = () if UPGRADE[0] in headers else ("Connection: close",)
        asked = self.connected(target, *headers, *close, method=method, body=body)
        async with asked as (reader, _):
            return parsed(await reader.read())

    async def code_of(self, target: str, *headers: str, **given: Any) -> tuple[int, str]:
        status, answered, _ = await self.ask(target, *headers, **given)
        return status, dict(answered).get("x-ms-error-code", "")


def parsed(raw: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = [(n.strip().lower(), v.strip()) for n, _, v in (x.partition(":") for x in lines)]
    return int(first.split()[1]), pairs, body


def story(test: Callable[[Place], Awaitable[None]]) -> Callable[[Path], None]:
    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        async def inside() -> None:
            async with place(tmp_path) as given:
                await test(given)

        asyncio.run(inside())

    del run.__wrapped__  # type: ignore[attr-defined]  # pytest would look for its arguments
    run.__annotations__ = {"tmp_path": Path}
    return run


@contextlib.asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    program, table, sessions = Program(), InstanceTable(), Sessions(system_clock())
    behind = await asyncio.start_server(program.serve, "127.0.0.1", 0)
    port = behind.sockets[0].getsockname()[1]
    table.put(KEY, RunningInstance(port=port, secret="of-jupyter"), now=0)  # noqa: S106 (of this test)
    async with behind, open_doors(folder, []) as doors:
        await doors.house.work.write(lambda s: s.stores.tokens.add(run_token()))
        door = InstanceDoor(table, doors.authenticator, sessions, url="http://127.0.0.1")

        async def either(scope: Scope, receive: Receive, send: Send) -> None:
            other = doors.app if not scope["path"].startswith("/instances/") else door
            await other(scope, receive, send)

        secured = Security(either, hosts=[], origins=[], new_id=new_id)
        with listen("127.0.0.1", 0) as listening:
            ready = asyncio.Event()
            server = HttpServer(secured, ready=ready.set, stopping=lambda: None)
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            await ready.wait()
            try:
                yield Place(listening.getsockname()[1], program, table, sessions)
            finally:
                server.should_exit = True
                await serving
                await door.close()


def run_token() -> Token:
    return Token(
        digest=digest_of("zrt_run"),
        name="run r1",
        role="run",
        workspace_id="w1",
        run_id="r1",
        attempt=1,
        created_at=datetime.now(UTC),
    )


@story
async def test_a_request_arrives_as_from_nobody_but_us(place: Place):
    status, headers, body = await place.ask(
        f"{ROOT}api/a%20b?x=%2F1",
        BEARER,
        "Cookie: a=1; zaffre-studio=mine; b=2",
        f"Origin: {place.origin}",
        f"Referer: {place.origin}/",
        "X-Forwarded-For: 1.2.3.4",
        "X-XSRFToken: 7",
        method="PUT",
        body=b"x" * 3_000_000,
    )
    assert (status, json.loads(body)) == (200, {"got": 3_000_000})
    assert place.program.heads[-1].startswith(f"PUT {ROOT}api/a%20b?x=%2F1 HTTP/1.1\r\n")
    arrived = place.program.headers()
    assert arrived["authorization"] == "token of-jupyter"
    assert arrived["host"] != f"127.0.0.1:{place.port}"
    assert (arrived["cookie"], arrived["x-xsrftoken"]) == ("a=1; b=2", "7")
    assert not arrived.keys() & {"origin", "referer", "x-forwarded-for"}
    cookies = [value for name, value in headers if name == "set-cookie"]
    assert cookies == ["_xsrf=1; Path=/instances/w1/ci/"]
    sent = dict(headers)
    assert (sent["content-security-policy"], sent["x-frame-options"]) == (
        "frame-ancestors 'self'",
        "SAMEORIGIN",
    )
    assert "server" not in sent
    assert sent["x-request-id"]


@story
async def test_large_answers_pass_and_the_instance_counts_as_used(place: Place):
    place.program.answer = b"y" * 5_000_000
    live = place.table.find(KEY)
    assert live is not None
    assert (await place.ask(f"{ROOT}static/x.js", BEARER))[2] == place.program.answer
    async with asyncio.timeout(10):
        # The door hears of the end a moment after the client.
        while live.open:  # noqa: ASYNC110 (a number, which calls nobody)
            await asyncio.sleep(0)
    assert live.last > 0


@story
async def test_who_may_not_does_not_get_through(place: Place):
    page = "Accept: text/html,*/*"
    assert await place.code_of(f"{ROOT}lab") == (401, "Unauthenticated")
    assert await place.code_of(f"{ROOT}lab", "Authorization: token of-jupyter") == (
        401,
        "Unauthenticated",
    )
    assert await place.code_of(f"{ROOT}lab", "Authorization: Bearer zrt_run") == (403, "Forbidden")
    status, headers, _ = await place.ask(f"{ROOT}lab/tree/x", page)
    assert (status, dict(headers)["location"]) == (303, "/studio/workspaces/w1/compute/ci/open")
    for odd in ("/instances/", "/instances/w1", "/instances/w%0d%0ax/ci/lab", "/instances/../x"):
        assert await place.code_of(odd, page) == (404, "RouteNotFound")
    post = {"method": "POST", "body": b"{}"}
    foreign = await place.code_of(f"{ROOT}api/x", BEARER, "Origin: http://evil.example", **post)
    assert foreign == (403, "OriginNotAllowed")
    only = Principal(name="p", permissions=OWNER, workspace_id="w2")
    cookie = place.sessions.open(only)
    code = await place.code_of(f"{ROOT}lab", f"Cookie: zaffre-studio={cookie}")
    assert code == (404, "WorkspaceNotFound")
    weak = place.sessions.open(Principal(name="p", permissions=RUN))
    code = await place.code_of(f"{ROOT}lab", f"Cookie: zaffre-studio={weak}")
    assert code == (403, "Forbidden")
    assert place.program.heads == []


@story
async def test_a_code_of_the_studio_lets_one_browser_in(place: Place):
    target = entrance(KEY, place.sessions.offer_code(OWNS))
    status, headers, _ = await place.ask(target)
    sent = dict(headers)
    assert (status, sent["location"]) == (303, f"{ROOT}lab")
    cookie, *marks = sent["set-cookie"].split("; ")
    assert marks == [f"Path={ROOT}", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]
    # Jupyter's own scripts come with the cookie, and with a word of theirs.
    scripted = ("Authorization: token of-jupyter", f"Cookie: {cookie}")
    assert (await place.ask(f"{ROOT}api/contents", *scripted))[0] == 200
    status, headers, _ = await place.ask(target)
    assert dict(headers)["location"] == "/studio/workspaces/w1/compute/ci"
    assert "set-cookie" not in dict(headers)


@story
async def test_who_leaves_the_studio_leaves_the_instances(place: Place):
    studio = f"zaffre-studio={place.sessions.open(OWNS)}"
    code = place.sessions.offer_code(OWNS, within=studio)
    inside = f"Cookie: zaffre-studio={place.sessions.redeem(code)}"
    unused = place.sessions.offer_code(OWNS, within=studio)
    assert (await place.ask(f"{ROOT}lab", inside))[0] == 200
    place.sessions.close(studio)
    assert await place.code_of(f"{ROOT}lab", inside) == (401, "Unauthenticated")
    assert place.sessions.redeem(unused) is None


@story
async def test_what_does_not_run_or_answer_is_told(place: Place):
    place.table.remove(KEY)
    assert await place.code_of(f"{ROOT}lab", BEARER) == (503, "InstanceNotRunning")
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    place.table.put(KEY, RunningInstance(port=port, secret="s"), now=0)  # noqa: S106 (as above)
    assert await place.code_of(f"{ROOT}lab", BEARER) == (503, "InstanceNotAnswering")
    assert await place.code_of(f"{ROOT}ws", BEARER, *UPGRADE) == (503, "WebSocketRefused")


@story
async def test_who_has_left_is_answered_no_more(place: Place):
    place.program.thinks = True
    for method, body in (("GET", b""), ("POST", b"{}")):
        place.program.asked.clear()
        place.program.left.clear()
        async with place.connected(f"{ROOT}api", BEARER, method=method, body=body):
            await place.program.asked.wait()
        async with asyncio.timeout(20):
            await place.program.left.wait()


@story
async def test_an_answer_that_breaks_off_is_cut(place: Place):
    place.program.answer = b"whole"
    place.program.breaks = True
    status, _, body = await place.ask(f"{ROOT}lab", BEARER)
    assert (status, body) == (200, b"whole")


@story
async def test_a_web_socket_is_led_through_both_ways(place: Place):
    cookie = f"Cookie: zaffre-studio={place.sessions.open(OWNS)}"
    target = f"{ROOT}api/kernels/1/channels?session_id=2"
    live = place.table.find(KEY)
    assert live is not None
    origin = f"Origin: {place.origin}"
    async with place.connected(target, cookie, origin, *UPGRADE) as (reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head == SWITCHED
        assert await reader.readexactly(5) == b"hello"
        assert live.open == 1
        data = bytes(range(256)) * 20_000
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        writer.write_eof()
        assert await reader.read() == b""
    arrived = place.program.headers()
    assert arrived["authorization"] == "token of-jupyter"
    assert arrived["sec-websocket-version"] == "13"
    assert not arrived.keys() & {"origin", "cookie"}


@story
async def test_foreign_pages_open_no_web_socket(place: Place):
    cookie = f"Cookie: zaffre-studio={place.sessions.open(OWNS)}"
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{place.port}"):
        asked = (cookie, f"Origin: {origin}", *UPGRADE)
        assert await place.code_of(f"{ROOT}ws", *asked) == (403, "OriginNotAllowed")
    assert await place.code_of(f"{ROOT}ws", cookie, *UPGRADE) == (403, "OriginNotAllowed")
    assert await place.code_of(f"{ROOT}ws", *UPGRADE) == (401, "Unauthenticated")
    assert await place.code_of("/api/v1/server", *UPGRADE) == (401, "Unauthenticated")
    assert place.program.heads == []


@story
async def test_what_does_not_switch_leaves_no_way_past_the_door(place: Place):
    place.program.switches = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
    behind = f"GET {ROOT}api/secret HTTP/1.1\r\n\r\n".encode()
    async with place.connected(f"{ROOT}ws", BEARER, *UPGRADE) as (reader, writer):
        writer.write(behind)
        status, headers, _ = parsed(await reader.read())
    assert (status, dict(headers)["x-ms-error-code"]) == (503, "WebSocketRefused")
    assert len(place.program.heads) == 1


@story
async def test_a_quiet_web_socket_is_not_cut(place: Place):
    PatientProtocol.idle_seconds = 0.03
    try:
        async with place.connected(f"{ROOT}ws", BEARER, *UPGRADE) as (reader, writer):
            await reader.readuntil(b"hello")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await reader.read()
            writer.write(b"late")
            assert await reader.readexactly(4) == b"late"
    finally:
        PatientProtocol.idle_seconds = IDLE_SECONDS


def test_web_sockets_end_with_the_server(tmp_path: Path):
    async def inside() -> None:
        async with contextlib.AsyncExitStack() as stack, asyncio.timeout(20):
            async with place(tmp_path) as given:
                asked = given.connected(f"{ROOT}ws", BEARER, *UPGRADE)
                reader, _ = await stack.enter_async_context(asked)
                await reader.readuntil(b"hello")
            assert await reader.read() == b""

    asyncio.run(inside())
