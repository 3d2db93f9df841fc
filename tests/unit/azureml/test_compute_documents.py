"""Compute targets as v1 serializes them, without a server."""

from types import SimpleNamespace

import pytest
from azureml.core.compute import AmlCompute, ComputeInstance, ComputeTarget, RemoteCompute
from azureml.core.compute._documents import duration, seconds_of
from azureml.core.compute._following import Progress
from azureml.core.compute._sizes import family
from azureml.core.compute.amlcompute import (
    AmlComputeNodeStateCounts,
    AmlComputeStatus,
    ScaleSettings,
)
from azureml.core.compute.computeinstance import ComputeInstanceStatus
from azureml.core.compute.kubernetescompute import KubernetesComputeStatus
from azureml.core.compute_target import (
    AbstractComputeTarget,
    ComputeTargetException,
    LocalTarget,
    prepare_compute_target,
)
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.computes import ComputeError, ComputeLimits, ComputeOut, NodeOut, Scale

WORKSPACE = SimpleNamespace(name="ws", subscription_id="s", resource_group="g", location="eastus")


def known(kind, word, **more):
    facts = {
        "name": "mine",
        "kind": kind,
        "type": word,
        "location": "",
        "vm_size": "Standard_D2_v2",
        "low_priority": False,
        "scale": None,
        "limits": ComputeLimits(),
        "settings": {},
        "has_credential": False,
        "description": "",
        "tags": {"k": "v"},
        "state": "Succeeded",
        "power": "",
        "errors": [],
        "nodes": [],
        "resizing": False,
        "target_nodes": 0,
        "cores": 2,
        "memory_mb": 7168,
        "gpus": 0,
        "urls": {},
        "queued": 0,
        "created_by": "ada",
        "created_at": 1e9,
        "updated_at": 1e9,
    }
    return ComputeTarget._of(WORKSPACE, ComputeOut(**(facts | more)))


def node(state):
    return NodeOut(id=state, state=state, run_id=None, since=2e9)


@pytest.fixture
def cluster():
    states = ("idle", "running", "running", "leaving", "preempted")
    return known(
        "cluster",
        "AmlCompute",
        scale=Scale(min_nodes=1, max_nodes=4, idle_seconds=120),
        low_priority=True,
        nodes=[node(state) for state in states],
        target_nodes=4,
        resizing=True,
        settings={"identity_type": "UserAssigned", "identity_id": ["one"]},
    )


def test_a_cluster_tells_its_nodes(cluster):
    assert isinstance(cluster, AmlCompute)
    status = cluster.status
    assert (status.current_node_count, status.target_node_count) == (3, 4)
    assert (status.allocation_state, status.vm_priority) == ("Resizing", "LowPriority")
    assert status.node_state_counts.running_node_count == 2
    assert status.allocation_state_transition_time.year == 2033
    assert status.serialize()["scaleSettings"] == {
        "minNodeCount": 1,
        "maxNodeCount": 4,
        "nodeIdleTimeBeforeScaleDown": "PT120S",
    }
    assert (cluster.vm_size, cluster.identity_id) == ("STANDARD_D2_V2", ["one"])
    assert cluster.location == "eastus"
    assert not cluster.is_attached


def test_what_is_serialized_comes_back(cluster):
    written = cluster.serialize()
    again = AmlCompute.deserialize(WORKSPACE, written)
    assert again.serialize() == written
    assert again.status.serialize() == cluster.status.serialize()
    assert again.scale_settings.maximum_node_count == 4
    assert type(ComputeTarget.deserialize(WORKSPACE, written)) is AmlCompute
    with pytest.raises(ComputeTargetException, match="of the type `AmlCompute`, not"):
        RemoteCompute.deserialize(WORKSPACE, written)


@pytest.mark.parametrize("wrong", [{}, None, {"name": "x"}, {"name": "x", "properties": {}}])
def test_what_is_no_compute_target_is_refused(wrong):
    with pytest.raises(ComputeTargetException):
        ComputeTarget.deserialize(WORKSPACE, wrong)


def test_an_instance_tells_its_programs():
    instance = known(
        "instance",
        "ComputeInstance",
        power="Running",
        urls={"Jupyter Lab": "http://127.0.0.1/instances/ws/mine/"},
    )
    assert isinstance(instance, ComputeInstance)
    assert instance.applications == [
        {"displayName": "Jupyter Lab", "endpointUri": "http://127.0.0.1/instances/ws/mine/"}
    ]
    assert (instance.status.state, instance.status.created_by_user_name) == ("Running", "ada")
    written = instance.serialize()
    assert ComputeInstance.deserialize(WORKSPACE, written).serialize() == written
    assert '"State": "Running"' in str(instance)
    assert "Jupyter Lab</a>" in instance._repr_html_()
    assert ComputeInstance.get_docs_url().endswith("ComputeInstance")


@pytest.mark.parametrize(
    ("state", "power", "shown"),
    [
        ("Creating", "Starting", "Creating"),
        ("Failed", "SetupFailed", "SetupFailed"),
        ("Failed", "", "CreateFailed"),
        # It is asked to start once more.
        ("Failed", "Starting", "Starting"),
        ("Succeeded", "Stopped", "Stopped"),
    ],
)
def test_an_instance_is_in_one_state(state, power, shown):
    assert known("instance", "", state=state, power=power).status.state == shown


def test_why_it_failed_is_told():
    broken = known(
        "machine",
        "VirtualMachine",
        state="Failed",
        settings={"address": "gpu1", "port": 22, "username": "ada"},
        errors=[ComputeError(code="HostUnreachable", message="no answer")],
    )
    assert (broken.address, broken.ssh_port, broken.username) == ("gpu1", 22, "ada")
    assert broken.is_attached
    with pytest.raises(ComputeTargetException, match="HostUnreachable: no answer"):
        broken._check_failure(Progress(shown=False))
    with pytest.raises(ComputeTargetException, match="told to nobody"):
        broken.get_credentials()


def test_what_cannot_be_deleted_is_detached(cluster):
    with pytest.raises(ComputeTargetException, match=r"use `delete\(\)`"):
        cluster.detach()
    with pytest.raises(ComputeTargetException, match=r"use `detach\(\)`"):
        known("linked", "Batch").delete()


def test_a_type_that_is_new_is_a_compute_target():
    assert type(known("linked", "Quantum")) is ComputeTarget


def test_what_is_no_workspace_is_refused():
    with pytest.raises(UserErrorException, match="must be a Workspace"):
        ComputeTarget("ws", "mine")


def test_parts_of_a_status_come_back():
    counts = AmlComputeNodeStateCounts(1, 2, 3, 4, 5, 6)
    assert AmlComputeNodeStateCounts.deserialize(counts.serialize()).unusable_node_count == 6
    for kind in (ScaleSettings, AmlComputeNodeStateCounts, AmlComputeStatus):
        assert kind.deserialize(None) is None
        with pytest.raises(ComputeTargetException, match="lacks"):
            kind.deserialize({"x": 1})
    instance = ComputeInstanceStatus(None, "ada", "1", "2", None, None, "Running", "D2")
    assert ComputeInstanceStatus.deserialize(instance.serialize()).state == "Running"
    cluster = KubernetesComputeStatus(None, None, "Succeeded")
    assert (
        KubernetesComputeStatus.deserialize(cluster.serialize()).provisioning_state == "Succeeded"
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT120S", 120), ("PT30M", 1800), ("P1DT1H", 90_000), ("", None)]
)
def test_durations_are_those_of_azure(text, seconds):
    assert seconds_of(text) == seconds


def test_durations_are_written_in_seconds():
    assert (duration(1800), duration(None)) == ("PT1800S", "")
    for seconds in (0, 0.5, 1_234_567, 123_456.75):
        assert seconds_of(duration(seconds)) == seconds
    for wrong in ("30 minutes", "P", "PT"):
        with pytest.raises(ComputeTargetException, match="is no duration"):
            seconds_of(wrong)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("STANDARD_DS2_V2", "standardDSv2Family"),
        ("Standard_D2s_v3", "standardDSv3Family"),
        ("Standard_NC6", "standardNCFamily"),
        ("", "machine"),
    ],
)
def test_sizes_have_families(size, expected):
    assert family(size) == expected


def test_states_are_told_once(capsys):
    progress = Progress(shown=True)
    for state in ("Creating", "Creating", "Succeeded"):
        progress.saw(state)
    progress.say("Finished")
    Progress(shown=False).say("unseen")
    assert capsys.readouterr().out == "Creating.\nSucceeded\nFinished\n"


def test_the_local_target_needs_no_server():
    assert (LocalTarget().name, LocalTarget().type) == ("local", "local")
    found = AbstractComputeTarget.deserialize_from_dict("x", {"type": "local"})
    assert isinstance(found, LocalTarget)
    assert AbstractComputeTarget.deserialize_from_dict("x", {"type": "batchai"}) is None
    with pytest.raises(ComputeTargetException, match="no `type`"):
        AbstractComputeTarget.deserialize_from_dict("x", {})
    with pytest.raises(UserErrorException, match="is not part of zaffre"):
        prepare_compute_target(None, None, None)
