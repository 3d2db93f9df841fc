"""What Jobs and their pods say of runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from zaffre.adapters.launchers.kubernetes.standings import Standing, standing, without_pod

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(*conditions: dict[str, str], **meta: str) -> dict[str, Any]:
    return {"metadata": {"name": "j", **meta}, "status": {"conditions": list(conditions)}}


def pod(phase: str, *, state: Any = None, age: float = 5, **status: Any) -> dict[str, Any]:
    statuses = [{"name": "run", "state": state}] if state else []
    conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": at(age)}]
    return {
        "metadata": {"creationTimestamp": at(age)},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"resources": {"limits": {"memory": "1Gi"}}}],
        },
        "status": {
            "phase": phase,
            "containerStatuses": statuses,
            "conditions": conditions,
            **status,
        },
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, **said: str) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, **said}}


FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "twice"}


def of(one: dict[str, Any] | None, *pods: dict[str, Any]) -> Standing:
    return standing(one, pods, now=NOW)


def test_a_run_waits_and_says_in_the_words_of_the_cluster_why():
    assert "not made its pod yet" in of(job()).waits
    assert without_pod(job(), [])
    said = "0/3 nodes are available: 3 Insufficient cpu."
    conditions = [{"type": "PodScheduled", "status": "False", "message": said}]
    seen = of(job(), pod("Pending", conditions=conditions))
    assert (seen.is_alive, seen.waits) == (True, f"Its pod has no node yet: {said}")
    made = of(job(), pod("Pending", state=waiting("ContainerCreating")))
    assert made.waits == "Its pod is being made on the node `node-1`."
    pulling = of(job(), pod("Pending", state=waiting("ImagePullBackOff", "not found")))
    assert pulling.waits.endswith("ImagePullBackOff: not found")
    assert (pulling.code, pulling.is_alive) == ("", True)


@pytest.mark.parametrize(
    ("reason", "age", "code"),
    [
        ("InvalidImageName", 1, "ImagePullFailed"),
        ("ErrImageNeverPull", 1, "ImagePullFailed"),
        ("ErrImagePull", 601, "ImagePullFailed"),
        ("ImagePullBackOff", 601, "ImagePullFailed"),
        ("CreateContainerConfigError", 601, "ContainerFailed"),
    ],
)
def test_what_never_begins_is_given_up(reason: str, age: float, code: str):
    seen = of(job(), pod("Pending", state=waiting(reason, "why"), age=age))
    assert seen.code == code
    assert f"{reason}: why" in seen.ending


def test_a_run_that_runs_does_not_wait():
    assert of(job(), pod("Running")) == Standing(is_alive=True)
    # Nobody knows how it goes on a node that is silent.
    assert of(job(), pod("Unknown")) == Standing(is_alive=True)
    # Its pod is given time to end.
    assert of(job(deletionTimestamp=at(1)), pod("Running")) == Standing(is_alive=True)
    assert of(job(FAILED), pod("Running")).is_alive is False


def test_memory_that_ran_out_is_said():
    seen = of(job(FAILED), pod("Failed", state=ended(137, reason="OOMKilled")))
    assert (seen.is_alive, seen.code) == (False, "MemoryLimitExceeded")
    assert "limit of 1Gi" in seen.ending


def test_why_a_run_is_over():
    assert of(None).code == "JobDeleted"
    assert of(job(deletionTimestamp=at(1))).code == "JobDeleted"
    evicted = of(job(FAILED), pod("Failed", reason="Evicted", message="low on disk"))
    assert (evicted.ending, evicted.code) == ("The pod of the run was ended: low on disk", "")
    lost = {"type": "DisruptionTarget", "status": "True", "message": "node-1 is gone"}
    assert "node-1 is gone" in of(job(FAILED), pod("Failed", conditions=[lost])).ending
    late = of(job(FAILED), pod("Failed", reason="DeadlineExceeded"))
    assert late.code == "MaxRunDurationExceeded"
    assert of(job({**FAILED, "reason": "DeadlineExceeded"})).code == "MaxRunDurationExceeded"
    assert "twice" in of(job(FAILED)).ending
    exited = of(job(FAILED), pod("Failed", state=ended(1, message="no Python")))
    assert exited.ending.endswith("with the code 1: no Python")
    done = of(job({"type": "Complete", "status": "True"}), pod("Succeeded", state=ended(0)))
    assert (done.is_alive, done.code) == (False, "")


def test_a_pod_that_could_not_prepare_its_run_says_why():
    log = "fetching\nThe run cannot be prepared:\nno way to http://x\n"
    seen = of(job(FAILED), pod("Failed", state=ended(86, message=log)))
    assert seen.code == "PodNotPrepared"
    assert seen.ending == "The pod could not prepare the run: no way to http://x"
