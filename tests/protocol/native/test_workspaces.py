import pytest

from native.conftest import ROOT, SPACE, Api


def test_a_workspace_is_created_found_changed_and_deleted(api: Api):
    made = api.done("POST", ROOT, {**SPACE, "name": "other", "tags": {"a": "b"}})
    address = f"{ROOT}/{made['id']}"
    assert api.done("GET", address) == made
    found = api.done("GET", f"{ROOT}?name=OTHER&resource_group=group&subscription_id=...")
    assert found["value"] == [made]
    changed = api.done("PATCH", address, {"description": "d", "tags": {}})
    assert changed == {**made, "description": "d", "tags": {}}
    assert api.ask("DELETE", address).status == 204
    assert api.refused("GET", address) == (404, "WorkspaceNotFound")


def test_creating_is_201_and_again_409_unless_it_may_exist(api: Api):
    first = api.ask("POST", ROOT, {**SPACE, "name": "x"})
    assert first.status == 201
    assert api.refused("POST", ROOT, {**SPACE, "name": "X"}) == (409, "WorkspaceExists")
    again = api.ask("POST", ROOT, {**SPACE, "name": "X", "exist_ok": True})
    assert again.json == first.json


def test_a_workspace_with_runs_is_not_deleted(api: Api, run: str):
    assert api.done("GET", run)
    assert api.refused("DELETE", api.home) == (409, "WorkspaceNotEmpty")


@pytest.mark.parametrize(
    "body", [{"id": "x"}, {"permissions": ["server/manage"]}, {"friendlyname": "x"}]
)
def test_a30_unknown_fields_are_refused(api: Api, body: dict[str, object]):
    assert api.refused("PATCH", api.home, body) == (400, "UnknownField")
    assert api.refused("POST", ROOT, {**SPACE, **body}) == (400, "UnknownField")


def test_a_request_sent_again_with_its_key_creates_nothing(api: Api):
    key = ((b"idempotency-key", b"k1"),)
    body = {**SPACE, "name": "once"}
    first = api.ask("POST", ROOT, body, headers=key)
    assert api.ask("POST", ROOT, body, headers=key).body == first.body
    other = {**SPACE, "name": "twice"}
    assert api.refused("POST", ROOT, other, headers=key) == (422, "IdempotencyKeyReuse")
