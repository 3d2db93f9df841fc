"""What no request gets past: hosts, origins, credentials, permissions, odd paths and methods."""

import asyncio
import functools
import json
import logging
from typing import Any

import pytest
from doors import BEARER, HOST, JSON, Doors, ask, open_doors
from litestar import Request, Router, get, post
from litestar.response import Stream
from zaffre.base.logs import MAX_LINE, JsonLines
from zaffre.domain.access import Permission
from zaffre.protocols.http.authentication import PUBLIC_PATHS, routes_of
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.door import create_litestar
from zaffre.protocols.http.files import RawFile
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.http.streaming import blob_answer, raw_body, relative
from zaffre.protocols.native.router import create_router
from zaffre_sdk.wire.files import BlobOut
from zaffre_sdk.wire.workspaces import WorkspaceIn

UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "FOO"]


@post("/things", permission=Permission.WORKSPACES_WRITE)
async def create(call: Call, data: WorkspaceIn) -> BlobOut:
    return await call.write_once(
        BlobOut, lambda _: BlobOut(digest=f"{data.name} {call.house.clock.now()}", size=1)
    )


@get("/things", permission=Permission.WORKSPACES_READ)
async def list_things(call: Call, limit: Limit = 100) -> dict[str, int]:
    assert call.caller
    return {"limit": limit}


@get("/broken", permission=Permission.WORKSPACES_READ)
async def broken() -> None:
    raise RuntimeError("secret detail \x1b[31m\n of the defect")


@post("/blobs", permission=Permission.BLOBS_WRITE)
async def upload(call: Call, request: Request[Any, Any, Any]) -> BlobOut:
    digest, size = await call.blobs.put(raw_body(request, limit=10_000_000))
    return BlobOut(digest=digest, size=size)


@get("/blobs/{digest:str}/{name:path}", permission=Permission.WORKSPACES_READ)
async def download(call: Call, request: Request[Any, Any, Any], digest: str, name: str) -> Stream:
    return await blob_answer(call, request, RawFile(digest, relative(name)))


def with_doors(test):
    @functools.wraps(test)
    def run(tmp_path, **cases):
        async def inside():
            router = Router("/t", route_handlers=[create, list_things, broken, upload, download])
            async with open_doors(tmp_path, [router, create_router()]) as doors:
                await test(doors, **cases)

        asyncio.run(inside())

    del run.__wrapped__
    return run


def cases(name: str, values: list[Any]):
    def wrap(test):
        @functools.wraps(test)
        async def each(doors):
            for value in values:
                await test(doors, **{name: value})

        return each

    return wrap


@with_doors
async def test_a_request_passes(doors: Doors):
    reply = await ask(doors.app, "GET", "/t/things?limit=7")
    assert (reply.status, reply.json) == (200, {"limit": 7})
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert len(reply.headers["x-request-id"]) == 32


@with_doors
@cases(
    "token",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic b3duZXI6",
        b"Bearer wrong",
        b"Bearer " + b"x" * 9000,
        b"Bearer a b",
        b"Bearer ' OR '1'='1",
        "Bearer \xff".encode("latin-1"),
    ],
)
async def test_c33_no_valid_token(doors: Doors, token):
    headers = [HOST] if token is None else [HOST, (b"authorization", token)]
    reply = await ask(doors.app, "GET", "/t/things", headers=headers)
    assert (reply.status, reply.code) == (401, "Unauthenticated")
    assert reply.headers["www-authenticate"] == "Bearer"


@with_doors
async def test_c33_two_tokens_are_refused(doors: Doors):
    reply = await ask(doors.app, "GET", "/t/things", headers=[HOST, BEARER, BEARER])
    assert reply.status == 401


@with_doors
async def test_a23_every_route_needs_credentials(doors: Doors):
    table = list(routes_of(create_litestar(doors.house, [create_router()])))
    assert len(table) > 30
    for path, handler in table:
        for method in {*handler.http_methods, "HEAD", "OPTIONS"}:
            reply = await ask(
                doors.app, method, path.replace("{", "").replace("}", ""), headers=[HOST]
            )
            public = path in PUBLIC_PATHS
            assert (reply.status == 401) is not public, (method, path, reply.status)


@with_doors
async def test_a24_every_route_declares_a_permission(doors: Doors):
    table = list(routes_of(create_litestar(doors.house, [create_router()])))
    public = {path for path, handler in table if handler.opt["permission"] is Permission.PUBLIC}
    assert public == PUBLIC_PATHS
    assert len(PUBLIC_PATHS) <= 6


@pytest.mark.parametrize(
    "options", [{}, {"permission": "workspaces/read"}, {"permission": Permission.PUBLIC}]
)
def test_a24_a_route_without_permission_aborts_the_start(tmp_path, options):
    @get("/forgotten", **options)
    async def forgotten() -> None: ...

    async def inside():
        async with open_doors(tmp_path, [Router("/t", route_handlers=[forgotten])]):
            pass

    with pytest.raises(RuntimeError, match="/t/forgotten"):
        asyncio.run(inside())


@with_doors
@cases(
    "path",
    [
        "/t/things/healthz",
        "/t/health",
        "/x-ready",
        "/healthz/",
        "/readyz/x",
        "//healthz",
        "/HEALTHZ",
        "/healthz%2f",
        "/api/v1/workspaces/readyz",
    ],
)
async def test_a25_only_exact_paths_are_public(doors: Doors, path):
    assert (await ask(doors.app, "GET", path, headers=[HOST])).status == 401


@with_doors
@cases(
    "host",
    [
        b"h/healthz",
        b"127.0.0.1:8642/healthz?",
        b"a b",
        b"localhost:x",
        b"localhost:123456",
        b"user@localhost",
        b"",
        b"[::1",
        b"lo\xffcal",
        b"localhost,evil.test",
    ],
)
async def test_a27_c23_malformed_host(doors: Doors, host):
    reply = await ask(doors.app, "GET", "/t/things", headers=[(b"host", host), BEARER])
    assert (reply.status, reply.code) == (400, "InvalidHost")
    protected = await ask(doors.app, "GET", "/t/things", headers=[(b"host", host)])
    assert protected.status in {400, 401}


@with_doors
async def test_c23_absent_and_repeated_host(doors: Doors):
    assert (await ask(doors.app, "GET", "/healthz", headers=[])).status == 400
    assert (await ask(doors.app, "GET", "/healthz", headers=[HOST, HOST])).status == 400


@with_doors
@cases("method", ["GET", "HEAD", "OPTIONS", *UNSAFE])
async def test_a37_foreign_host(doors: Doors, method):
    for host in (b"evil.test", b"evil.test:8642", b"127.0.0.1.evil.test", b"169.254.169.254"):
        reply = await ask(doors.app, method, "/healthz", headers=[(b"host", host), BEARER])
        assert (reply.status, reply.code) == (403, "HostNotAllowed")


@with_doors
@cases("host", [b"localhost", b"LOCALHOST:1", b"127.0.0.1", b"[::1]:8642", b"ml.example.org"])
async def test_a37_own_names(doors: Doors, host):
    assert (await ask(doors.app, "GET", "/healthz", headers=[(b"host", host)])).status == 200


@with_doors
@cases("method", UNSAFE)
async def test_a38_foreign_origin(doors: Doors, method):
    foreign = [
        [(b"origin", b"null")],
        [(b"origin", b"http://evil.test")],
        [(b"origin", b"http://sub.127.0.0.1:8642")],
        [(b"origin", b"https://127.0.0.1:8642")],
        [(b"origin", b"http://127.0.0.1:8643")],
        [(b"origin", b"http://127.0.0.1:8642.evil.test")],
        [(b"sec-fetch-site", b"cross-site")],
        [(b"sec-fetch-site", b"same-site")],
    ]
    for headers in foreign:
        for form in (
            b"application/json",
            b"text/plain",
            b"application/x-www-form-urlencoded",
            b"multipart/form-data; boundary=x",
        ):
            sent = [HOST, BEARER, *headers, (b"content-type", form)]
            reply = await ask(doors.app, method, "/t/things", headers=sent, body=b"x")
            assert (reply.status, reply.code) == (403, "OriginNotAllowed"), headers
    reply = await ask(doors.app, method, "/t/things", headers=[HOST, (b"cookie", b"session=x")])
    assert (reply.status, reply.code) == (403, "OriginNotAllowed")


@with_doors
async def test_a38_own_origin_and_no_origin_pass(doors: Doors):
    body = b'{"name":"a","subscription_id":"s","resource_group":"g"}'
    own = [(b"origin", b"http://127.0.0.1:8642"), (b"sec-fetch-site", b"same-origin")]
    for headers in ([], own):
        sent = [HOST, BEARER, *headers]
        reply = await ask(doors.app, "POST", "/t/things", headers=sent, body=body)
        assert reply.status == 201, reply.body


@with_doors
async def test_a39_no_cors_headers(doors: Doors):
    for method in ("GET", "OPTIONS"):
        asked = [(b"origin", b"http://good.test"), (b"access-control-request-method", b"POST")]
        headers = [HOST, BEARER, *asked]
        reply = await ask(doors.app, method, "/t/things", headers=headers)
        assert not [name for name in reply.headers if name.startswith("access-control")]


@with_doors
async def test_a26_web_sockets_are_refused_before_they_open(doors: Doors):
    sent: list[dict[str, Any]] = []

    async def send(message):
        sent.append(message)

    await doors.app({"type": "websocket", "path": "/", "headers": [HOST, BEARER]}, None, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


@with_doors
async def test_c18_c19_routes_and_methods(doors: Doors):
    reply = await ask(doors.app, "GET", "/t/nothing")
    assert (reply.status, reply.code) == (404, "RouteNotFound")
    reply = await ask(doors.app, "DELETE", "/t/things")
    assert (reply.status, reply.code) == (405, "MethodNotAllowed")
    assert set(reply.headers["allow"].split(", ")) == {"GET", "POST", "OPTIONS"}
    reply = await ask(doors.app, "__INIT__", "/t/things")
    assert reply.status == 405


@with_doors
async def test_c22_headers_too_large(doors: Doors):
    headers = [HOST, BEARER, (b"x-large", b"x" * 65536)]
    reply = await ask(doors.app, "GET", "/t/things", headers=headers)
    assert (reply.status, reply.code) == (431, "HeadersTooLarge")


@with_doors
@cases("path", ["/t/%ff", "/t/things%00", "/t/%c0%af"])
async def test_a05_paths_that_are_not_text(doors: Doors, path):
    reply = await ask(doors.app, "GET", path)
    assert (reply.status, reply.code) == (400, "InvalidPath")


@with_doors
@cases("limit", ["-1", "0", "1000000000", "abc", "1.5", ""])
async def test_c24_limits(doors: Doors, limit):
    reply = await ask(doors.app, "GET", f"/t/things?limit={limit}")
    assert (reply.status, reply.code) == (400, "InvalidParameter")
    assert reply.error["target"] == "limit"
    assert reply.error["innererror"]["hint"] == "Send a number from 1 to 1000."


@with_doors
async def test_c26_repeated_parameter(doors: Doors):
    reply = await ask(doors.app, "GET", "/t/things?limit=1&limit=2")
    assert (reply.status, reply.code) == (400, "RepeatedParameter")


@with_doors
async def test_c15_body_over_the_cap(doors: Doors):
    for headers in ([], [(b"content-length", b"99999999")]):
        chunks = [b"[" * 1_000_000] * 9
        sent = [HOST, BEARER, JSON, *headers]
        reply = await ask(doors.app, "POST", "/t/things", headers=sent, body=chunks)
        assert (reply.status, reply.code) == (413, "BodyTooLarge")
        assert str(8 << 20) in reply.error["message"]


@with_doors
@cases(
    "sent", [b"text/plain", b"application/x-www-form-urlencoded", b"", b"application/vnd.msgpack"]
)
async def test_c16_content_type(doors: Doors, sent):
    headers = [HOST, BEARER, (b"content-type", sent)]
    reply = await ask(doors.app, "POST", "/t/things", headers=headers, body=b"{}")
    assert (reply.status, reply.code) == (415, "UnsupportedMediaType")
    assert "`application/json`" in reply.error["innererror"]["hint"]


@with_doors
async def test_c17_compressed_bodies_are_refused(doors: Doors):
    headers = [HOST, BEARER, (b"content-encoding", b"gzip")]
    reply = await ask(doors.app, "POST", "/t/things", headers=headers, body=b"\x1f\x8b")
    assert (reply.status, reply.code) == (415, "UnsupportedContentEncoding")


@with_doors
async def test_c01_an_empty_body_is_not_json(doors: Doors):
    reply = await ask(doors.app, "POST", "/t/things", headers=[HOST, BEARER, JSON])
    assert (reply.status, reply.code) == (400, "InvalidJson")
    assert "byte 0" in reply.error["message"]


@with_doors
async def test_c13_through_the_door(doors: Doors):
    reply = await ask(doors.app, "POST", "/t/things", body=b'{"nam\\u00e9": 1}')
    assert (reply.status, reply.code) == (400, "UnknownField")
    assert reply.error["innererror"]["hint"] == "Did you mean `name`?"


@with_doors
async def test_a44_defects_tell_nothing_but_an_id(doors: Doors):
    lines: list[str] = []
    handler = logging.Handler()
    handler.setFormatter(JsonLines())
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    logging.getLogger("zaffre.http").addHandler(handler)
    try:
        headers = [HOST, BEARER, (b"x-ms-client-request-id", b"mine-1")]
        reply = await ask(doors.app, "GET", "/t/broken", headers=headers)
    finally:
        logging.getLogger("zaffre.http").removeHandler(handler)
    assert (reply.status, reply.code) == (500, "InternalError")
    assert b"secret detail" not in reply.body
    assert reply.headers["x-ms-client-request-id"] == "mine-1"
    assert reply.error["innererror"]["request_id"] == reply.headers["x-request-id"]
    line = json.loads(lines[-1])
    assert line["request_id"] == reply.headers["x-request-id"]
    assert "secret detail" in line["error"]
    assert "broken" in line["trace"]
    assert not any(ord(character) < 32 for character in lines[-1])


def test_a45_log_lines_are_bounded_and_escaped():
    record = logging.LogRecord("x", logging.INFO, "f", 1, "\x1b\n\u202e\ud800" * 100_000, (), None)
    record.fields = {"name": "\U0001f600" * 1_000_000, "status": 404}
    line = JsonLines().format(record)
    assert len(line) <= MAX_LINE
    assert line.isascii()
    assert line.isprintable()
    json.loads(line)


@with_doors
async def test_r16_the_same_request_again_is_answered_the_same(doors: Doors):
    body = b'{"name":"a","subscription_id":"s","resource_group":"g"}'
    key = [HOST, BEARER, (b"idempotency-key", b"k1")]
    first = await ask(doors.app, "POST", "/t/things", headers=key, body=body)
    again = await ask(doors.app, "POST", "/t/things", headers=key, body=body)
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    without = await ask(doors.app, "POST", "/t/things", body=body)
    assert without.json != first.json


@with_doors
async def test_c32_key_reused_with_another_body(doors: Doors):
    body = b'{"name":"a","subscription_id":"s","resource_group":"g"}'
    key = [HOST, BEARER, (b"idempotency-key", b"k1")]
    await ask(doors.app, "POST", "/t/things", headers=key, body=body)
    reply = await ask(
        doors.app, "POST", "/t/things", headers=key, body=body.replace(b'"a"', b'"b"')
    )
    assert (reply.status, reply.code) == (422, "IdempotencyKeyReuse")
    for bad in (b"", b"k" * 256, b"k\x01"):
        key = [HOST, BEARER, (b"idempotency-key", bad)]
        reply = await ask(doors.app, "POST", "/t/things", headers=key, body=body)
        assert (reply.status, reply.code) == (400, "InvalidIdempotencyKey")


async def stored(doors: Doors, data: bytes) -> str:
    raw = [HOST, BEARER, (b"content-type", b"application/octet-stream")]
    chunks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    reply = await ask(doors.app, "POST", "/t/blobs", headers=raw, body=chunks)
    assert reply.status == 201, reply.body
    return reply.json["digest"]


@with_doors
async def test_bytes_go_up_and_come_down(doors: Doors):
    data = bytes(range(256)) * 20_000
    digest = await stored(doors, data)
    reply = await ask(doors.app, "GET", f"/t/blobs/{digest}/a/b%20%22%C3%A9.html")
    assert (reply.status, reply.body) == (200, data)
    assert reply.headers["content-length"] == str(len(data))
    assert reply.headers["x-zaffre-digest"] == digest
    assert reply.headers["content-type"] == "application/octet-stream"
    disposition = reply.headers["content-disposition"]
    assert disposition == "attachment; filename=\"b __.html\"; filename*=UTF-8''b%20%22%C3%A9.html"


@with_doors
async def test_a50_single_ranges_only(doors: Doors):
    digest = await stored(doors, b"0123456789")
    for asked, status, expected in [
        (b"bytes=0-0", 206, b"0"),
        (b"bytes=2-4", 206, b"234"),
        (b"bytes=7-", 206, b"789"),
        (b"bytes=-2", 206, b"89"),
        (b"bytes=5-999999999999", 206, b"56789"),
        (b"bytes=10-", 416, None),
        (b"bytes=5-2", 416, None),
        (b"bytes=0-0,1-1", 416, None),
        (b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(3000)), 416, None),
        (b"bytes=-", 416, None),
        (b"lines=0-1", 416, None),
        (b"bytes=-0", 416, None),
    ]:
        headers = [HOST, BEARER, (b"range", asked)]
        reply = await ask(doors.app, "GET", f"/t/blobs/{digest}/x", headers=headers)
        assert reply.status == status, asked
        if expected is None:
            assert reply.headers["content-range"] == "bytes */10"
        else:
            assert reply.body == expected
            assert reply.headers["content-length"] == str(len(expected))


@with_doors
async def test_r23_a_damaged_blob_is_never_answered_whole(doors: Doors):
    data = b"x" * 3_000_000
    digest = await stored(doors, data)
    path = doors.house.blobs._path(digest)
    damaged = bytearray(data)
    damaged[1_500_000] ^= 1
    path.write_bytes(damaged)
    reply = await ask(doors.app, "GET", f"/t/blobs/{digest}/x")
    assert not reply.complete
    assert len(reply.body) < len(data)


@with_doors
async def test_c15_a_raw_body_over_its_cap_leaves_nothing(doors: Doors):
    raw = [HOST, BEARER, (b"content-type", b"application/octet-stream")]
    reply = await ask(doors.app, "POST", "/t/blobs", headers=raw, body=[b"x" * 1_000_000] * 11)
    assert (reply.status, reply.code) == (413, "BodyTooLarge")
    assert not list(doors.house.blobs._temporary.iterdir())
    announced = [*raw, (b"content-length", b"10000001")]
    reply = await ask(doors.app, "POST", "/t/blobs", headers=announced, body=b"x")
    assert reply.status == 413
