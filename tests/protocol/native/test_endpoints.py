import asyncio
import json
import socket

import msgspec
import pytest
from zaffre.domain.endpoints import EndpointState
from zaffre_sdk.wire.endpoints import EndpointOut

from native.conftest import Api

SCRIPT = b"def init(): pass\ndef run(data): return data\n"


@pytest.fixture
def wanted(api: Api) -> dict:
    """What a client sends to deploy a snapshot that is there."""
    entry = {"path": "score.py", "digest": api.blob(SCRIPT), "size": len(SCRIPT)}
    snapshot = api.done("POST", f"{api.home}/snapshots", {"files": [entry]})["id"]
    spec = {"entry_script": "score.py", "snapshot_id": snapshot, "environment": {}}
    return {"name": "svc", "kind": "ACI", "auth_mode": "key", "spec": spec}


def settle(api: Api, name: str = "svc") -> None:
    """Do what the engine would, which does not run here."""
    workspace = api.home.rpartition("/")[2]

    def use(s):
        found = s.stores.endpoints.get(workspace, name)
        s.endpoints.record(found, EndpointState.HEALTHY)

    api.runner.run(api.doors.house.work.write(use))


def test_an_endpoint_is_created_shown_changed_and_deleted(api: Api, wanted: dict):
    endpoints = f"{api.home}/endpoints"
    reply = api.ask("POST", endpoints, {**wanted, "tags": {"a": "b"}})
    assert reply.status == 201
    made = api.done("GET", f"{endpoints}/svc")
    assert msgspec.convert(reply.json, EndpointOut) == msgspec.convert(made, EndpointOut)
    assert (made["state"], made["generation"]) == ("Transitioning", 1)
    assert made["scoring_uri"] == f"http://127.0.0.1:8642/endpoints/{made['id']}/score"
    assert made["swagger_uri"].endswith("/swagger.json")
    assert api.done("GET", endpoints) == {"value": [made]}
    settle(api)
    changed = api.done("PATCH", f"{endpoints}/svc", {"tags": {"a": None}, "reload": True})
    assert (changed["tags"], changed["generation"]) == ({}, 2)
    assert api.ask("DELETE", f"{endpoints}/svc").status == 204
    assert api.refused("GET", f"{endpoints}/svc") == (404, "EndpointNotFound")


@pytest.fixture
def aks(api: Api) -> str:
    """A target of 12 cores and 42 GB, and its address."""
    body = {"name": "aks", "kind": "serving", "type": "AKS", "vm_size": "Standard_D3_v2"}
    assert api.done("POST", f"{api.home}/computes", body)["services"] == []
    return f"{api.home}/computes/aks"


def sized(wanted: dict, name: str, **size: float) -> dict:
    return {**wanted, "name": name, "compute": "aks", "spec": {**wanted["spec"], **size}}


def test_a_target_that_serves_has_room_for_so_much(api: Api, wanted: dict, aks: str):
    endpoints = f"{api.home}/endpoints"
    api.done("POST", endpoints, sized(wanted, "one", cpu_cores=2, replicas=4))
    second = sized(wanted, "two", cpu_cores=2.5, replicas=2)
    reply = api.ask("POST", endpoints, second)
    assert (reply.status, reply.code) == (409, "InsufficientCapacity")
    assert (
        "`two` asks for 5 cores and 2 GB with all its replicas; `aks` has 12 cores and 42 GB, of "
        "which 4 cores and 38 GB are free." in str(reply.json)
    )
    made = api.done("POST", endpoints, sized(wanted, "two", cpu_cores=0.1, replicas=32))
    assert made["compute"] == "aks"
    # What is deployed anew gives its own place up first.
    for name in ("one", "two"):
        settle(api, name)
    larger = sized(wanted, "one", cpu_cores=2.2, replicas=4)
    api.done("PATCH", f"{endpoints}/one", {"spec": larger["spec"]})
    settle(api, "one")
    again = sized(wanted, "one", cpu_cores=2.3, replicas=4)
    too_large = (409, "InsufficientCapacity")
    assert api.refused("PATCH", f"{endpoints}/one", {"spec": again["spec"]}) == too_large
    assert api.refused("POST", endpoints, {**again, "overwrite": True}) == too_large
    smaller = {"settings": {"agent_count": 2, "cluster_purpose": "DevTest"}}
    assert api.refused("PATCH", aks, smaller) == too_large
    # On the machine of the server there is as much as anybody asks for.
    elsewhere = {**again, "overwrite": True, "compute": ""}
    assert api.done("POST", endpoints, elsewhere)["compute"] == ""
    assert api.done("GET", aks)["services"] == ["two"]


def test_a_target_that_serves_stays_while_something_is_deployed(api: Api, wanted: dict, aks: str):
    api.done("POST", f"{api.home}/endpoints", {**wanted, "compute": "aks"})
    reply = api.ask("DELETE", aks)
    assert (reply.status, reply.code) == (409, "ComputeServes")
    assert "`svc`" in str(reply.json)
    api.done("DELETE", f"{api.home}/endpoints/svc")
    api.done("DELETE", aks)


def test_what_does_not_serve_is_not_deployed_to(api: Api, wanted: dict):
    api.done("POST", f"{api.home}/computes", {"name": "cpu", "kind": "cluster"})
    endpoints = f"{api.home}/endpoints"
    for name, refused in (("cpu", (400, "ComputeCannotServe")), ("no", (404, "ComputeNotFound"))):
        assert api.refused("POST", endpoints, {**wanted, "compute": name}) == refused


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"agent_count": 2}, "TooFewCores"),
        ({"agent_count": 2, "cluster_purpose": "FastProd"}, "TooFewCores"),
        ({"agent_count": 2, "cluster_purpose": "DevTest"}, None),
        ({"agent_count": 0}, "InvalidSetting"),
        ({"agent_count": 2**53}, "InvalidSetting"),
        ({"agent_count": "many"}, "InvalidSetting"),
    ],
)
def test_a_target_that_serves_has_twelve_cores_unless_it_is_for_trying(
    api: Api, settings: dict, code: str | None
):
    size = {"vm_size": "Standard_D3_v2", "settings": settings}
    reply = api.ask("POST", f"{api.home}/computes", {"name": "aks", "kind": "serving", **size})
    if code is None:
        assert reply.status == 201
    else:
        assert (reply.status, reply.code) == (400, code)


def test_keys_are_shown_and_renewed_apart_from_the_endpoint(api: Api, wanted: dict):
    chosen = {"primary_key": "a-key-of-the-caller"}
    made = api.done("POST", f"{api.home}/endpoints", {**wanted, **chosen})
    keys = f"{api.home}/endpoints/svc/keys"
    shown = api.done("GET", keys)
    assert shown["primary"] == "a-key-of-the-caller"
    assert len(shown["secondary"]) >= 32
    assert not any(key in json.dumps(made) for key in shown.values())
    renewed = api.done("POST", keys, {"which": "secondary"})
    assert renewed["primary"] == shown["primary"]
    assert renewed["secondary"] != shown["secondary"]
    assert api.refused("POST", keys, {"which": "third"}) == (400, "InvalidKeyName")


def test_tokens_are_given_to_those_who_ask(api: Api, wanted: dict):
    api.done("POST", f"{api.home}/endpoints", {**wanted, "auth_mode": "token"})
    issued = api.done("POST", f"{api.home}/endpoints/svc/token")
    assert issued["token"].startswith("zst.")
    assert issued["refresh_after"] < issued["expires_at"]


def test_a28_a_run_sees_no_endpoint_and_no_key(api: Api, wanted: dict, run: str):
    api.done("POST", f"{api.home}/endpoints", wanted)
    token = api.token_of(run)
    for method, path in (("GET", ""), ("GET", "/svc/keys"), ("POST", "/svc/token")):
        reply = api.refused(method, f"{api.home}/endpoints{path}", token=token)
        assert reply == (403, "Forbidden")


def test_c95_a_deployment_under_way_says_when_to_come_back(api: Api, wanted: dict):
    api.done("POST", f"{api.home}/endpoints", wanted)
    reply = api.ask("PATCH", f"{api.home}/endpoints/svc", {"reload": True})
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (
        409,
        "OperationInProgress",
        "2",
    )


def test_a_port_that_another_program_has_is_refused(api: Api, wanted: dict):
    local = {**wanted, "kind": "LOCAL", "auth_mode": "none"}
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        refused = api.refused("POST", f"{api.home}/endpoints", {**local, "port": port})
        assert refused == (409, "PortInUse")
    made = api.done("POST", f"{api.home}/endpoints", {**local, "port": port})
    assert made["scoring_uri"] == f"http://localhost:{port}/score"


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"kind": "aci"}, 400, "InvalidKind"),
        ({"auth_mode": "password"}, 400, "InvalidAuthMode"),
        ({"name": "no_underscore"}, 400, "InvalidName"),
        ({"port": 8080}, 400, "InvalidPort"),
        ({"primary_key": "short"}, 400, "InvalidKey"),
        ({"unknown": 1}, 400, "UnknownField"),
    ],
)
def test_what_is_refused(api: Api, wanted: dict, said: dict, status: int, code: str):
    assert api.refused("POST", f"{api.home}/endpoints", {**wanted, **said}) == (status, code)


def test_the_log_is_read_from_an_offset(api: Api, wanted: dict):
    made = api.done("POST", f"{api.home}/endpoints", wanted)
    owner, logs = ("endpoints", made["id"]), api.doors.house.logs
    api.runner.run(logs.append(owner, "service.log", 0, b"line one\nline two\n"))
    reply = api.ask("GET", f"{api.home}/endpoints/svc/logs?offset=9")
    assert reply.body == b"line two\n"
    assert reply.headers["x-zaffre-endpoint-state"] == "Transitioning"
    assert reply.headers["x-zaffre-log-size"] == "18"


def test_waiting_for_the_log_ends_with_its_next_line(api: Api, wanted: dict):
    made = api.done("POST", f"{api.home}/endpoints", wanted)
    logs = api.doors.house.logs

    async def write_soon():
        await asyncio.sleep(0)
        await logs.append(("endpoints", made["id"]), "service.log", 0, b"late\n")

    writing = api.runner.get_loop().create_task(write_soon())
    reply = api.ask("GET", f"{api.home}/endpoints/svc/logs?wait=20")
    assert reply.body == b"late\n"
    assert writing.done()
