import pytest

from native.conftest import INLINE, Api


def test_an_experiment_is_ensured_changed_and_listed(api: Api):
    address = f"{api.home}/experiments/train"
    made = api.done("PUT", address, {"name": "train", "tags": {"a": "b"}})
    assert api.done("PUT", address, {"name": "train"}) == made
    assert api.done("GET", address) == made
    changed = api.done("PATCH", address, {"description": "d"})
    assert changed == {**made, "description": "d"}
    assert api.done("GET", f"{api.home}/experiments") == {"value": [changed], "next": None}


def test_body_and_address_name_the_same(api: Api):
    refused = api.refused("PUT", f"{api.home}/experiments/a", {"name": "b"})
    assert refused == (400, "NameMismatch")


@pytest.mark.parametrize("name", ["-x", "%20x", "x" * 256, "x%00", "x%e2%80%ae", "latest", "%2e"])
def test_c39_to_c45_names_against_the_rule(api: Api, name: str):
    address = f"{api.home}/experiments/{name}"
    assert api.ask("PUT", address, {"name": "x"}).status in {400, 404}
    assert api.done("GET", f"{api.home}/experiments")["value"] == []


def test_c47_submitting_to_an_archived_experiment_is_409(api: Api, run: str):
    assert api.done("GET", run)["experiment"] == "exp"
    api.done("PATCH", f"{api.home}/experiments/exp", {"archived": True})
    refused = api.refused("POST", f"{api.home}/runs", INLINE)
    assert refused == (409, "ExperimentArchived")
    assert (
        api.done("PATCH", f"{api.home}/experiments/exp", {"archived": False})["archived_at"]
        is None
    )
    assert api.run()


def test_c25_pages_continue_where_they_ended_and_only_there(api: Api):
    for name in "abcde":
        api.done("PUT", f"{api.home}/experiments/{name}", {"name": name})
    names, token = [], ""
    while token is not None:
        page = api.done("GET", f"{api.home}/experiments?limit=2{token and '&after=' + token}")
        names += [experiment["name"] for experiment in page["value"]]
        token = page["next"]
    assert names == list("abcde")
    first = api.done("GET", f"{api.home}/experiments?limit=2")["next"]
    for forged in ("x", first[:-1], first + "A", "%C3%A9", ""):
        refused = api.refused("GET", f"{api.home}/experiments?after={forged}")
        assert refused == (400, "InvalidContinuation")
    refused = api.refused("GET", f"{api.home}/runs?after={first}")
    assert refused == (400, "InvalidContinuation")
    other = api.workspace("other")
    refused = api.refused("GET", f"{other}/experiments?after={first}")
    assert refused == (400, "InvalidContinuation")


@pytest.mark.parametrize("limit", ["-1", "0", "1000000000", "abc", "1.5", ""])
def test_c24_limits_out_of_range_are_refused_with_the_range(api: Api, limit: str):
    for noun in ("experiments", "runs", "models"):
        reply = api.ask("GET", f"{api.home}/{noun}?limit={limit}")
        assert reply.status == 400
        assert "1 to 1000" in reply.body.decode()
