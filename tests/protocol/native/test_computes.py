"""Compute targets as a client meets them."""

import json

import pytest

from native.conftest import Api

SECRET = "correct horse battery staple"  # noqa: S105
CLUSTER = {
    "name": "cpu-cluster",
    "kind": "cluster",
    "type": "AmlCompute",
    "vm_size": "STANDARD_D2_V2",
    "scale": {"min_nodes": 0, "max_nodes": 2},
    "tags": {"k": "v"},
}
MACHINE = {
    "name": "attached",
    "kind": "machine",
    "type": "VirtualMachine",
    "settings": {"address": "10.0.0.1", "port": 22},
    "credential": {"password": SECRET},
}
SCRIPT = {
    "kind": "script",
    "script": "train.py",
    "environment": {"interpreter": "/usr/bin/python3"},
}


@pytest.fixture
def computes(api: Api) -> str:
    return f"{api.home}/computes"


def script(api: Api, **spec: object) -> dict:
    """Return a body that submits a script."""
    return {"experiment": "exp", "spec": {**SCRIPT, "snapshot_id": api.snapshot(), **spec}}


def test_a_cluster_is_kept_with_the_size_of_its_nodes(api: Api, computes: str):
    made = api.done("POST", computes, CLUSTER)
    assert (made["state"], made["cores"], made["memory_mb"], made["gpus"]) == (
        "Succeeded",
        2,
        7168,
        0,
    )
    assert made["scale"] == {"min_nodes": 0, "max_nodes": 2, "idle_seconds": 120.0}
    assert made["vm_size"] == "Standard_D2_v2"
    assert api.done("GET", f"{computes}/cpu-cluster") == made
    assert api.done("GET", computes) == {"value": [made]}


def test_a_credential_is_never_answered(api: Api, computes: str):
    made = api.done("POST", computes, MACHINE)
    assert made["has_credential"]
    assert SECRET not in json.dumps([made, api.done("GET", computes)])


@pytest.mark.parametrize(
    "settings",
    [
        {"address": "10.6.6.6", "port": 22},
        {"address": "10.0.0.1", "port": 2222},
        {"address": "10.0.0.1", "port": 22, "username": "eve"},
        {},
    ],
)
def test_a_credential_is_not_sent_to_another_place(api: Api, computes: str, settings: dict):
    api.done("POST", computes, MACHINE)
    attached = f"{computes}/attached"
    assert api.refused("PATCH", attached, {"settings": settings}) == (400, "CredentialNeeded")
    with_it = {"settings": settings, "credential": {"password": "another"}}
    assert api.done("PATCH", attached, with_it)["settings"] == settings
    # What says nothing of the place is changed without it; so is a place that nothing opens.
    faster = {"settings": {**settings, "slots": 8, "python": "python3.11"}}
    assert api.done("PATCH", attached, faster)["has_credential"]
    assert not api.done("PATCH", attached, {"settings": {}, "credential": {}})["has_credential"]
    api.done("PATCH", attached, {"settings": settings})


def test_a_name_is_given_once(api: Api, computes: str):
    api.done("POST", computes, CLUSTER)
    assert api.refused("POST", computes, CLUSTER) == (409, "ComputeExists")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "local"}, "InvalidName"),
        ({"name": "a/b"}, "InvalidName"),
        ({"kind": "quantum"}, "InvalidKind"),
        ({"vm_size": "STANDARD_NOPE"}, "VmSizeUnknown"),
        ({"scale": {"min_nodes": 3, "max_nodes": 2}}, "InvalidScale"),
        ({"scale": {"max_nodes": -1}}, "InvalidScale"),
        ({"scale": {"idle_seconds": -1}}, "InvalidScale"),
        ({"limits": {"max_queued": 0}}, "InvalidLimit"),
        ({"settings": {"slots": "many"}}, "InvalidSetting"),
        ({"settings": {"slots": True}}, "InvalidSetting"),
        ({"settings": {"port": 65_536}}, "InvalidSetting"),
        ({"settings": {"idle_seconds": "soon"}}, "InvalidSetting"),
        ({"kind": "machine"}, "InvalidScale"),
    ],
)
def test_c101_what_cannot_be_is_refused_with_its_field(
    api: Api, computes: str, wrong: dict, code: str
):
    assert api.refused("POST", computes, {**CLUSTER, **wrong}) == (400, code)


def test_c100_an_unknown_target_is_answered_with_those_there_are(api: Api, computes: str):
    api.done("POST", computes, CLUSTER)
    reply = api.ask("GET", f"{computes}/cpu-clutser")
    assert (reply.status, reply.code) == (404, "ComputeNotFound")
    assert "Did you mean `cpu-cluster`?" in str(reply.json)


def test_a_cluster_is_changed(api: Api, computes: str):
    api.done("POST", computes, CLUSTER)
    change = {
        "scale": {"max_nodes": 5},
        "tags": {"k": None, "n": "1"},
        "limits": {"max_queued": 3},
    }
    changed = api.done("PATCH", f"{computes}/cpu-cluster", change)
    assert (changed["scale"]["max_nodes"], changed["tags"]) == (5, {"n": "1"})
    assert changed["limits"]["max_queued"] == 3
    wrong = {"scale": {"min_nodes": 9, "max_nodes": 5}}
    assert api.refused("PATCH", f"{computes}/cpu-cluster", wrong) == (400, "InvalidScale")


def test_c102_a_target_is_not_deleted_while_runs_wait_for_it(api: Api, computes: str):
    api.done("POST", computes, CLUSTER)
    run = api.done("POST", f"{api.home}/runs", script(api, compute="cpu-cluster"))
    assert api.refused("DELETE", f"{computes}/cpu-cluster") == (409, "ComputeBusy")
    api.done("POST", f"{api.home}/runs/{run['id']}/cancel")
    api.done("DELETE", f"{computes}/cpu-cluster")
    assert api.refused("GET", f"{computes}/cpu-cluster") == (404, "ComputeNotFound")


def test_a_run_says_why_it_waits(api: Api, computes: str):
    api.done("POST", computes, CLUSTER)
    body = script(api, compute="cpu-cluster")
    api.done("POST", f"{api.home}/runs", body)
    run = api.done("POST", f"{api.home}/runs", body)
    shown = api.done("GET", f"{api.home}/runs/{run['id']}")
    assert shown["waits_for"] == (
        "It waits for a node of `cpu-cluster`: 0 of 2 are held by runs; one run is ahead of it."
    )


@pytest.mark.parametrize(
    ("spec", "status", "code"),
    [
        ({"compute": "cpu-cluster", "node_count": 3}, 400, "InvalidRunSpec"),
        ({"compute": "cpu-cluster", "node_count": 0}, 400, "InvalidRunSpec"),
        ({"compute": "cpu-cluster", "priority": 10**9}, 400, "InvalidRunSpec"),
        ({"compute": "cpu-cluster", "distribution": {"kind": "smoke"}}, 400, "InvalidKind"),
        (
            {"compute": "cpu-cluster", "distribution": {"kind": "mpi", "process_count": 0}},
            400,
            "InvalidRunSpec",
        ),
        (
            {"node_count": 1000, "distribution": {"kind": "mpi", "process_count_per_node": 11}},
            400,
            "InvalidRunSpec",
        ),
        ({"compute": "aks"}, 400, "ComputeCannotRun"),
        ({"compute": "pods", "node_count": 2}, 400, "InvalidRunSpec"),
        ({"compute": "gone"}, 404, "ComputeNotFound"),
    ],
)
def test_a_run_that_could_never_execute_is_refused(
    api: Api, computes: str, spec: dict, status: int, code: str
):
    api.done("POST", computes, CLUSTER)
    api.done("POST", computes, {"name": "aks", "kind": "serving", "type": "AKS"})
    api.done("POST", computes, {"name": "pods", "kind": "kubernetes", "type": "Kubernetes"})
    assert api.refused("POST", f"{api.home}/runs", script(api, **spec)) == (status, code)


def test_a_run_waits_for_a_cluster_that_has_no_nodes_now(api: Api, computes: str):
    api.done("POST", computes, {**CLUSTER, "scale": {"min_nodes": 0, "max_nodes": 0}})
    run = api.done("POST", f"{api.home}/runs", script(api, compute="cpu-cluster", node_count=2))
    shown = api.done("GET", f"{api.home}/runs/{run['id']}")
    assert (shown["state"], shown["waits_for"]) == (
        "Queued",
        "It waits for 2 nodes of `cpu-cluster`, which may have none now: raise its `max_nodes`.",
    )


def test_a_target_lets_only_so_many_wait(api: Api, computes: str):
    api.done("POST", computes, {**CLUSTER, "limits": {"max_queued": 1}})
    body = script(api, compute="cpu-cluster")
    api.done("POST", f"{api.home}/runs", body)
    assert api.refused("POST", f"{api.home}/runs", body) == (409, "QuotaExceeded")


def test_only_instances_are_started_and_stopped(api: Api, computes: str):
    api.done("POST", computes, CLUSTER)
    assert api.refused("POST", f"{computes}/cpu-cluster/start") == (400, "NotAnInstance")
    made = api.done("POST", computes, {"name": "mine", "kind": "instance"})
    assert (made["state"], made["power"]) == ("Creating", "Starting")
    assert api.refused("POST", f"{computes}/mine/stop") == (409, "InstanceState")


def test_sizes_are_listed(api: Api):
    sizes = {one["name"]: one for one in api.done("GET", "/api/v1/vm-sizes")["value"]}
    assert sizes["Standard_NC6"] == {
        "name": "Standard_NC6",
        "cores": 6,
        "memory_mb": 57344,
        "gpus": 1,
    }


def test_the_token_of_a_run_manages_no_targets(api: Api, computes: str):
    token = api.token_of(api.run())
    assert api.refused("POST", computes, CLUSTER, token=token) == (403, "Forbidden")
    assert api.done("GET", computes, token=token) == {"value": []}
