"""Compute targets in words."""

from zaffre.cli.compute_words import has_failed, line_of, lines_of, size_line
from zaffre_sdk.wire.computes import (
    ComputeError,
    ComputeLimits,
    ComputeOut,
    NodeOut,
    Scale,
    VmSize,
)


def known(kind: str, **more: object) -> ComputeOut:
    facts = {
        "name": "mine",
        "kind": kind,
        "type": "",
        "location": "",
        "vm_size": "Standard_NC6",
        "low_priority": True,
        "scale": None,
        "limits": ComputeLimits(max_run_seconds=60),
        "settings": {"rack": 7},
        "has_credential": True,
        "description": "for tests",
        "tags": {"team": "a"},
        "state": "Succeeded",
        "power": "",
        "errors": [ComputeError(code="Late", message="no answer")],
        "nodes": [],
        "resizing": False,
        "target_nodes": 0,
        "cores": 6,
        "memory_mb": 57_344,
        "gpus": 1,
        "urls": {"Jupyter": "http://x"},
        "queued": 1,
        "created_by": "ada",
        "created_at": 1e9,
        "updated_at": 1e9,
    }
    return ComputeOut(**(facts | more))  # type: ignore[arg-type]


def test_a_cluster_is_told_whole() -> None:
    node = NodeOut(id="mine-1", state="running", run_id="run_1", since=1e9)
    scale = Scale(min_nodes=0, max_nodes=4, idle_seconds=90)
    found = known("cluster", type="AmlCompute", scale=scale, nodes=[node])
    assert list(lines_of(found)) == [
        ("Target", "mine"),
        ("Type", "AmlCompute, a cluster"),
        ("State", "Succeeded"),
        ("Error", "Late: no answer"),
        ("Size", "Standard_NC6: 6 cores, 56 GB, 1 GPU, low priority"),
        ("Nodes", "1 of 4 nodes, 0 at least; leave after 90 seconds without work"),
        ("Node", "mine-1 running run_1"),
        ("Waiting", "1 run"),
        ("Limit", "60 seconds for a run"),
        ("Setting", "rack: 7"),
        ("Credential", "kept, and told to nobody"),
        ("Open", "Jupyter: http://x"),
        ("Tag", "team: a"),
        ("Description", "for tests"),
        ("Created", "by ada"),
    ]
    assert line_of(found).split() == [
        *("mine", "AmlCompute", "Succeeded", "1", "of", "4", "nodes", "Standard_NC6")
    ]


def test_an_instance_is_in_the_state_of_its_programs() -> None:
    assert "Stopped" in line_of(known("instance", power="Stopped"))
    assert "Creating" in line_of(known("instance", state="Creating", power="Starting"))


def test_sizes_are_lines() -> None:
    size = VmSize(name="Standard_D1_v2", cores=1, memory_mb=3584, gpus=0)
    assert size_line(size).split("  ")[-1].strip() == "1 core, 3.5 GB"


def test_one_that_starts_again_or_goes_has_failed_no_more() -> None:
    states = [
        (("Failed", ""), True),
        (("Failed", "SetupFailed"), True),
        (("Failed", "Starting"), False),
        (("Deleting", "SetupFailed"), False),
        (("Succeeded", "Running"), False),
    ]
    for (state, power), expected in states:
        assert has_failed(known("instance", state=state, power=power)) is expected
