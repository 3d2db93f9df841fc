import asyncio
import time

import msgspec
import pytest
from doors import BEARER, HOST, Reply, ask
from zaffre_sdk.wire.runs import RunOut

from native.conftest import INLINE, Api

ENVIRONMENT = {"pip_packages": ["numpy"], "variables": {"A": "1"}}


def shape(reply: Reply) -> RunOut:
    """Return what clients read: fields that have their default may be left out."""
    return msgspec.json.decode(reply.body, type=RunOut)


def script(api: Api, **said: object) -> dict[str, object]:
    spec = {
        "kind": "script",
        "script": "train.py",
        "arguments": ["--reg", "0.1"],
        "snapshot_id": api.snapshot(**{"train.py": b"print()"}),
        "environment": ENVIRONMENT,
        "definition": {"nested": {"list": [1, None, "x"]}},
    }
    return {"experiment": "exp", "spec": {**spec, **said}}


def test_an_interactive_run_runs_at_once(api: Api):
    reply = api.ask("POST", f"{api.home}/runs", {**INLINE, "tags": {"a": "b"}})
    made = reply.json
    assert reply.status == 201
    assert (made["state"], made["number"]) == ("Running", 1)
    assert made["started_at"] == made["created_at"]
    found = api.ask("GET", f"{api.home}/runs/{made['id']}")
    assert shape(found) == msgspec.structs.replace(shape(reply), params={})


def test_a_script_is_queued_with_its_whole_specification(api: Api):
    asked = script(api)
    made = api.done("POST", f"{api.home}/runs", asked)
    assert made["state"] == "Queued"
    for field in ("script", "arguments", "snapshot_id", "definition"):
        assert made["spec"][field] == asked["spec"][field]
    assert made["spec"]["environment"]["pip_packages"] == ["numpy"]


def test_an_id_of_the_client_makes_submitting_repeatable(api: Api):
    asked = {**script(api), "id": "mine"}
    first = api.ask("POST", f"{api.home}/runs", asked)
    assert shape(api.ask("POST", f"{api.home}/runs", asked)) == shape(first)
    other = {**INLINE, "id": "mine"}
    assert api.refused("POST", f"{api.home}/runs", other) == (409, "RunExists")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"script": "none.py"}, 400, "ScriptNotFound"),
        ({"compute": "gpu"}, 404, "ComputeNotFound"),
        ({"snapshot_id": "0" * 64}, 404, "SnapshotNotFound"),
        ({"kind": "other"}, 400, "InvalidKind"),
        ({"script": "..%2ftrain.py"}, 400, "ScriptNotFound"),
        ({"script": "../train.py"}, 400, "InvalidPath"),
        ({"arguments": [1]}, 400, "InvalidType"),
        ({"arguments": "x"}, 400, "InvalidType"),
        ({"secret": 1}, 400, "UnknownField"),
    ],
)
def test_what_could_never_run_is_refused(api: Api, said: dict, status: int, code: str):
    assert api.refused("POST", f"{api.home}/runs", script(api, **said)) == (status, code)
    assert api.done("GET", f"{api.home}/runs")["value"] == []


def test_c48_an_unknown_run_is_404(api: Api):
    for path in ("", "/metrics", "/artifacts", "/wait", "/artifacts/x", "/metrics/entries"):
        assert api.refused("GET", f"{api.home}/runs/none{path}") == (404, "RunNotFound")


def test_a_run_is_changed_and_its_properties_are_written_once(api: Api, run: str):
    change = {"display_name": "n", "tags": {"a": "1", "b": "2"}, "properties": {"p": "1"}}
    api.done("PATCH", run, change)
    changed = api.done("PATCH", run, {"tags": {"a": None}, "properties": {"p": "1"}})
    assert (changed["display_name"], changed["tags"]) == ("n", {"b": "2"})
    reply = api.ask("PATCH", run, {"properties": {"p": "2"}})
    assert (reply.status, reply.code) == (409, "PropertyExists")
    assert "`1`" in reply.error["message"]
    assert "`2`" in reply.error["message"]


@pytest.mark.parametrize(
    "body", [{"state": "Completed"}, {"number": 7}, {"created_by": "x"}, {"attempt": 1}]
)
def test_a30_what_the_house_decides_is_not_taken(api: Api, run: str, body: dict):
    assert api.refused("PATCH", run, body) == (400, "UnknownField")
    assert api.refused("POST", f"{api.home}/runs", {**INLINE, **body}) == (400, "UnknownField")


def test_c56_a_tag_of_a_megabyte_is_refused(api: Api, run: str):
    assert api.refused("PATCH", run, {"tags": {"t": "x" * 1_000_000}}) == (400, "TextTooLong")


def test_r10_cancel_twice_is_200_and_after_the_end_409(api: Api, run: str):
    for _ in range(2):
        reply = api.ask("POST", f"{run}/cancel")
        assert (reply.status, reply.json["state"]) == (200, "Canceled")
    done = api.run()
    assert api.done("POST", f"{done}/end", {"state": "Completed"})["state"] == "Completed"
    assert api.refused("POST", f"{done}/cancel") == (409, "RunIsTerminal")


def test_a_run_ends_with_its_error(api: Api, run: str):
    error = {"code": "Bad", "message": "no", "details": "tail"}
    ended = api.done("POST", f"{run}/end", {"state": "Failed", "error": error})
    assert (ended["state"], ended["error"]) == ("Failed", error)
    assert api.refused("POST", f"{run}/end", {"state": "Completed"}) == (409, "RunIsTerminal")
    assert api.refused("POST", f"{run}/end", {"state": "Completd"}) == (400, "InvalidState")
    assert api.refused("POST", f"{run}/end", {"state": "Running"}) == (400, "InvalidState")


def test_runs_are_listed_by_what_they_are(api: Api):
    a = api.run(tags={"k": "1", "l": ""}, properties={"p": "x"})
    b = api.run(parent_id=a.rpartition("/")[2], tags={"k": "2"})
    c = api.run(experiment="other")
    api.done("POST", f"{c}/end", {"state": "Completed"})

    def listed(query: str) -> list[str]:
        found = api.done("GET", f"{api.home}/runs?{query}")["value"]
        return [f"{api.home}/runs/{run['id']}" for run in found]

    assert listed("") == [c, b, a]
    assert listed("experiment=other") == [c]
    assert listed(f"parent={a.rpartition('/')[2]}") == [b]
    assert listed("state=Running") == [b, a]
    assert listed("state=Running,Completed") == [c, b, a]
    assert listed("state=Completed&state=Failed") == [c]
    assert listed("tag=k") == [b, a]
    assert listed("tag=k=1") == [a]
    assert listed("tag=k,l") == [a]
    assert listed("property=p%3Dx") == [a]
    assert api.refused("GET", f"{api.home}/runs?state=Runing") == (400, "InvalidState")


@pytest.mark.parametrize(
    "query",
    [
        "tag=%27%20OR%20%271%27%3D%271",
        "experiment=%27%3BDROP%20TABLE%20runs--",
        "property=x%27%29%20OR%201%3D1--",
        "parent=%25",
        "tag=%25",
        "experiment=_xp",
    ],
)
def test_a22_filters_are_values_and_never_statements(api: Api, run: str, query: str):
    assert api.done("GET", f"{api.home}/runs?{query}")["value"] == []
    assert api.done("GET", run)


def test_pages_are_stable_while_runs_are_added(api: Api):
    runs = [api.run() for _ in range(5)]
    first = api.done("GET", f"{api.home}/runs?limit=2&state=Running")
    api.run()
    rest = api.done("GET", f"{api.home}/runs?limit=9&state=Running&after={first['next']}")
    seen = [f"{api.home}/runs/{run['id']}" for run in first["value"] + rest["value"]]
    assert seen == runs[::-1]
    assert rest["next"] is None
    refused = api.refused("GET", f"{api.home}/runs?limit=2&state=Failed&after={first['next']}")
    assert refused == (400, "InvalidContinuation")


def test_a_waiting_request_is_answered_when_the_state_changes(
    api: Api, run: str, monkeypatch: pytest.MonkeyPatch
):
    asked, changes, begun = [BEARER, HOST], api.doors.house.changes, asyncio.Event()
    wait = changes.wait

    async def noted(seconds: float, *, since: int) -> None:
        begun.set()
        await wait(seconds, since=since)

    monkeypatch.setattr(changes, "wait", noted)

    async def both():
        waiting = asyncio.ensure_future(
            ask(api.doors.app, "GET", f"{run}/wait?seconds=30&state=Running", headers=asked)
        )
        await asyncio.wait_for(begun.wait(), 10)
        ended = await ask(
            api.doors.app, "POST", f"{run}/end", headers=asked, body=b'{"state":"Completed"}'
        )
        return await waiting, ended

    started = time.monotonic()
    waited, ended = api.runner.run(both())
    assert waited.json == ended.json
    assert time.monotonic() - started < 10


def test_waiting_ends_with_its_time_and_at_once_for_what_is_no_news(api: Api, run: str):
    assert api.done("GET", f"{run}/wait?seconds=0.05")["state"] == "Running"
    assert api.done("GET", f"{run}/wait?seconds=60&state=Queued")["state"] == "Running"
    api.done("POST", f"{run}/end", {"state": "Completed"})
    assert api.done("GET", f"{run}/wait?seconds=60&state=Completed")["state"] == "Completed"
    for seconds in ("-1", "61", "x", "nan"):
        assert api.ask("GET", f"{run}/wait?seconds={seconds}").status == 400


def test_the_token_of_a_run_dies_with_it(api: Api, run: str):
    token = api.token_of(run)
    assert api.done("PATCH", run, {"tags": {"a": "b"}}, token=token)
    assert api.done("POST", f"{run}/end", {"state": "Completed"}, token=token)
    assert api.refused("GET", run, token=token) == (401, "Unauthenticated")


def test_the_token_of_a_run_starts_inline_runs_below_it_alone(api: Api, run: str):
    token, parent = api.token_of(run), run.rpartition("/")[2]
    below = api.done("POST", f"{api.home}/runs", {**INLINE, "parent_id": parent}, token=token)
    assert below["parent_id"] == parent
    assert api.refused("POST", f"{api.home}/runs", INLINE, token=token) == (403, "Forbidden")
    asked = {**script(api), "parent_id": parent}
    assert api.refused("POST", f"{api.home}/runs", asked, token=token) == (403, "Forbidden")
