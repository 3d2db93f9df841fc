"""The scoring door over a replica that answers what it was sent."""

import asyncio
import json

import pytest
from doors import HOST, Reply, ask
from zaffre.domain.endpoints import AuthMode
from zaffre.domain.scoring import key_digest, sign_token, signing_secret
from zaffre.ports.replicas import ScoringAnswer
from zaffre.protocols.scoring.app import MAX_BODY_BYTES, Arriving, create_scoring_app
from zaffre.services.scoring import LiveEndpoint, ScoringTable

KEYS = ("the-primary-key-1", "the-secondary-key")
NOW = 1_000_000


class Mirror:
    """Answers with what it was asked."""

    def __init__(self, *, waiting=0, is_alive=True):
        self.waiting, self.is_alive, self.calls = waiting, is_alive, 0
        self.swagger = b'{"swagger": "2.0"}'

    async def score(self, method, path, _headers, body):
        self.calls += 1
        seen = json.dumps([method, path, len(body)]).encode()
        return ScoringAnswer(200, ((b"content-type", b"application/json"),), seen)


@pytest.fixture
def table():
    return ScoringTable()


def serve(table, mode, *replicas, endpoint_id="e1", keys=KEYS):
    live = LiveEndpoint(
        mode,
        key_digests=(key_digest(keys[0]), key_digest(keys[1])),
        signing_secret=signing_secret(endpoint_id, keys),
    )
    live.state = "it is being deployed."
    live.replicas = replicas
    table.put(endpoint_id, live)
    return live


def call(table, method, target, *, bearer=None, body=b"", headers=()) -> Reply:
    app = create_scoring_app(table, now=lambda: NOW)
    sent = [HOST, *headers]
    if bearer is not None:
        sent.append((b"authorization", f"Bearer {bearer}".encode("latin-1")))
    return asyncio.run(ask(app, method, target, headers=sent, body=body))


def test_a_request_passes_as_it_came(table):
    serve(table, AuthMode.NONE, Mirror())
    reply = call(table, "POST", "/endpoints/e1/score?a=%20b", body=b"\xff\0")
    assert (reply.status, reply.json) == (200, ["POST", "/score?a=%20b", 2])
    assert reply.headers["content-length"] == str(len(reply.body))
    assert call(table, "GET", "/endpoints/e1/score").json == ["GET", "/score", 0]
    assert call(table, "POST", "/endpoints/e1/score", body=[b"ab", b"cd"]).json[2] == 4


def test_health_and_swagger(table):
    serve(table, AuthMode.NONE, Mirror())
    assert call(table, "GET", "/endpoints/e1/").body == b"Healthy"
    head = call(table, "HEAD", "/endpoints/e1/")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "7")
    assert call(table, "GET", "/endpoints/e1/swagger.json").json == {"swagger": "2.0"}


@pytest.mark.parametrize("target", ["score", "swagger.json", "", "other", "score/x"])
@pytest.mark.parametrize("mode", [AuthMode.KEY, AuthMode.TOKEN])
@pytest.mark.parametrize(
    "bearer",
    [None, "", "wrong", KEYS[0][:-1], KEYS[0] + "x", "\xe9", "zst.99999999999.00", "x" * 10_000],
)
def test_a23_nothing_opens_without_a_credential(table, target, mode, bearer):
    mirror = Mirror()
    serve(table, mode, mirror)
    here = call(table, "POST", f"/endpoints/e1/{target}", bearer=bearer)
    nowhere = call(table, "POST", f"/endpoints/e2/{target}", bearer=bearer)
    assert (here.status, here.code) == (401, "Unauthenticated")
    assert here.headers["www-authenticate"] == "Bearer"
    # An endpoint that is not there answers the same bytes.
    assert (here.status, here.headers, here.body) == (
        nowhere.status,
        nowhere.headers,
        nowhere.body,
    )
    assert mirror.calls == 0


def test_either_key_opens(table):
    serve(table, AuthMode.KEY, Mirror())
    for key in KEYS:
        assert call(table, "POST", "/endpoints/e1/score", bearer=key).status == 200


def test_other_schemes_open_nothing(table):
    serve(table, AuthMode.KEY, Mirror())
    for value in (b"Basic " + KEYS[0].encode(), KEYS[0].encode()):
        headers = [(b"authorization", value)]
        assert call(table, "POST", "/endpoints/e1/score", headers=headers).status == 401


def test_a33_a_renewed_key_is_dead_at_once(table):
    live = serve(table, AuthMode.KEY, Mirror())
    fresh = ("a-fresh-primary-key", KEYS[1])
    live.admit(
        AuthMode.KEY,
        key_digests=(key_digest(fresh[0]), key_digest(fresh[1])),
        signing_secret=signing_secret("e1", fresh),
    )
    seen = [
        call(table, "POST", "/endpoints/e1/score", bearer=key).status for key in (*KEYS, fresh[0])
    ]
    assert seen == [401, 200, 200]


def test_a36_tokens_open_until_they_expire_and_die_with_the_keys(table):
    live = serve(table, AuthMode.TOKEN, Mirror())
    secret = signing_secret("e1", KEYS)
    live_token, old_token = sign_token(secret, NOW + 1), sign_token(secret, NOW)
    foreign = sign_token(signing_secret("e2", KEYS), NOW + 9)

    def status(token):
        return call(table, "POST", "/endpoints/e1/score", bearer=token).status

    assert [status(t) for t in (live_token, live_token, old_token, foreign)] == [
        200,
        200,
        401,
        401,
    ]
    assert status(KEYS[0]) == 401
    fresh = (KEYS[0], "another-secondary")
    live.admit(
        AuthMode.TOKEN,
        key_digests=(key_digest(fresh[0]), key_digest(fresh[1])),
        signing_secret=signing_secret("e1", fresh),
    )
    assert status(live_token) == 401


def test_c90_without_a_replica_callers_are_told_to_come_back(table):
    serve(table, AuthMode.NONE, Mirror(is_alive=False))
    reply = call(table, "POST", "/endpoints/e1/score")
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (
        503,
        "NoHealthyReplica",
        "2",
    )
    assert "being deployed" in reply.error["message"]
    table.remove("e1")
    assert call(table, "POST", "/endpoints/e1/score").status == 401


def test_the_least_busy_replica_answers(table):
    replicas = [Mirror(waiting=2), Mirror(waiting=0, is_alive=False), Mirror(waiting=1)]
    serve(table, AuthMode.NONE, *replicas)
    call(table, "POST", "/endpoints/e1/score")
    assert [replica.calls for replica in replicas] == [0, 0, 1]


def test_c15_a_body_over_the_limit(table):
    mirror = Mirror()
    serve(table, AuthMode.NONE, mirror)
    chunk = b"x" * (1 << 20)
    announced = [(b"content-length", str(MAX_BODY_BYTES + 1).encode())]
    for headers, count in ((announced, 2), ((), MAX_BODY_BYTES // len(chunk) + 1)):
        reply = call(table, "POST", "/endpoints/e1/score", body=[chunk] * count, headers=headers)
        assert (reply.status, reply.code) == (413, "BodyTooLarge")
    assert mirror.calls == 0


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("PUT", "score", 405, "MethodNotAllowed"),
        ("DELETE", "", 405, "MethodNotAllowed"),
        ("POST", "swagger.json", 405, "MethodNotAllowed"),
        ("GET", "other", 404, "RouteNotFound"),
        ("GET", "score/", 404, "RouteNotFound"),
        ("GET", "../e1/score", 404, "RouteNotFound"),
    ],
)
def test_c18_unknown_routes_and_methods(table, method, target, status, code):
    serve(table, AuthMode.NONE, Mirror())
    reply = call(table, method, f"/endpoints/e1/{target}")
    assert (reply.status, reply.code) == (status, code)
    assert ("allow" in reply.headers) is (status == 405)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_may_have_no_body_has_none(table, status):
    replica = Mirror()
    replica.score = lambda *_: asyncio.sleep(0, ScoringAnswer(status, (), b"HTTP/1.1 200 OK"))
    serve(table, AuthMode.NONE, replica)
    reply = call(table, "POST", "/endpoints/e1/score")
    assert (reply.status, reply.body) == (status, b"")
    assert "content-length" not in reply.headers


def test_r34_large_bodies_at_once_are_bounded(table):
    serve(table, AuthMode.NONE, Mirror())
    arriving = Arriving(limit=100)
    app = create_scoring_app(table, now=lambda: NOW, arriving=arriving)
    go = asyncio.Event()

    def parts(sent):
        async def receive():
            sent.append(1)
            if len(sent) == 2:
                await go.wait()
            return {"type": "http.request", "body": b"x" * 40, "more_body": len(sent) < 2}

        return receive

    async def score():
        scope = {"method": "POST", "path": "/endpoints/e1/score", "query_string": b""}
        statuses = []

        async def send(message):
            statuses.append(message.get("status"))

        await app({**scope, "headers": []}, parts([]), send)
        return statuses[0]

    async def test():
        calls = [asyncio.create_task(score()) for _ in range(3)]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert [call.result() for call in done] == [429]
        go.set()
        assert sorted(await asyncio.gather(*calls)) in ([200, 200, 429], [200, 429, 429])
        assert arriving.size == 0
        assert await score() == 200

    asyncio.run(test())


def test_a_client_that_went_away_is_not_scored(table):
    replica = Mirror()
    serve(table, AuthMode.NONE, replica)
    app = create_scoring_app(table, now=lambda: NOW)
    scope = {"method": "POST", "path": "/endpoints/e1/score", "query_string": b"", "headers": []}
    sent = []

    async def test():
        async def receive():
            return {"type": "http.disconnect"}

        await app(scope, receive, sent.append)

    asyncio.run(test())
    assert (replica.calls, sent) == (0, [])
