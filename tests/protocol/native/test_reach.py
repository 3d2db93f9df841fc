"""A-28: what a caller cannot reach answers as if it did not exist, to the byte."""

import re

import pytest

from native.conftest import INLINE, Api

CHANGES = {
    ("PATCH", ""): {"tags": {}},
    ("POST", "/cancel"): None,
    ("POST", "/end"): {"state": "Completed"},
    ("POST", "/metrics"): {"writer": "w", "sequence": 1, "points": []},
    ("PUT", "/artifacts/x"): b"data",
    ("POST", "/artifacts"): {"path": "x", "digest": "0" * 64},
}
LOOKS = ["", "/wait", "/metrics", "/metrics/entries", "/artifacts", "/artifacts/x", "/logs"]
LISTS = ["", "/runs", "/experiments", "/environments", "/models", "/models/m", "/snapshots/x"]


def answer(api: Api, method: str, path: str, body: object, token: str) -> tuple[int, bytes]:
    reply = api.ask(method, path, body, token=token)
    return reply.status, re.sub(rb"[0-9a-f]{32}|exp_\d+_[0-9a-f]{8}|absent", b"", reply.body)


@pytest.fixture
def foreign(api: Api) -> str:
    return api.run(api.workspace("foreign"))


@pytest.mark.parametrize("look", LOOKS)
def test_a28_a_run_of_another_workspace_is_absent(api: Api, run: str, foreign: str, look: str):
    token, home = api.token_of(run), foreign.rpartition("/runs/")[0]
    found = answer(api, "GET", f"{foreign}{look}", None, token)
    assert found[0] == 404
    assert found == answer(api, "GET", f"{home}/runs/absent{look}", None, token)
    if look != "/artifacts/x":
        assert api.ask("GET", f"{run}{look.replace('/wait', '')}", token=token).status == 200


@pytest.mark.parametrize(("method", "act"), CHANGES)
def test_a28_a_run_that_is_not_its_own_is_absent_to_a_token_that_changes(
    api: Api, run: str, foreign: str, method: str, act: str
):
    token, body = api.token_of(run), CHANGES[method, act]
    sibling = api.run()
    absent = answer(api, method, f"{api.home}/runs/absent{act}", body, token)
    assert absent[0] == 404
    for other in (sibling, foreign):
        before = api.done("GET", other)
        assert answer(api, method, f"{other}{act}", body, token) == absent
        assert api.done("GET", other) == before


@pytest.mark.parametrize("path", LISTS)
def test_a28_another_workspace_is_absent(api: Api, run: str, foreign: str, path: str):
    token, home = api.token_of(run), foreign.rpartition("/runs/")[0]
    absent = home[:-32] + "0" * 32
    found = answer(api, "GET", f"{home}{path}", None, token)
    assert found[0] == 404
    assert found == answer(api, "GET", f"{absent}{path}", None, token)


def test_a28_no_list_shows_what_is_foreign(api: Api, run: str, foreign: str):
    token = api.token_of(run)
    spaces = api.done("GET", "/api/v1/workspaces", token=token)["value"]
    assert [space["name"] for space in spaces] == ["ws"]
    runs = api.done("GET", f"{api.home}/runs", token=token)["value"]
    assert foreign.rpartition("/")[2] not in {found["id"] for found in runs}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"name": "x", "subscription_id": "s", "resource_group": "g"}),
        ("PATCH", "/{home}", {"description": "x"}),
        ("DELETE", "/{home}", None),
        ("PATCH", "/{home}/experiments/exp", {"archived": True}),
        ("PUT", "/{home}/experiments/new", {"name": "new"}),
        ("POST", "/{home}/environments", {"name": "e", "spec": {}, "definition": {}}),
        ("POST", "/{home}/runs", INLINE),
    ],
)
def test_a30_the_token_of_a_run_cannot_do_what_people_do(
    api: Api, run: str, method: str, path: str, body: object
):
    address = f"/api/v1/workspaces{path.replace('/{home}', api.home[len('/api/v1/workspaces') :])}"
    assert api.refused(method, address, body, token=api.token_of(run)) == (403, "Forbidden")
