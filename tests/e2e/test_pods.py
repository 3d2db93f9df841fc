"""Runs as Jobs of a cluster whose containers are processes of this machine (`tests/kube.py`)."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from building import wheel
from kube import FakeCluster, fake_cluster
from live import TERMINAL, LiveRuns, LiveServer, Refused, until

TRAIN = """
import sys
from azureml.core import Run
run = Run.get_context()
print("python", sys.executable, flush=True)
for step in range(3):
    run.log("loss", 1 / (step + 1))
open("outputs/model.txt", "w").write("weights")
"""
WAIT = """
import time
from pathlib import Path
print("waiting", flush=True)
while not Path({go!r}).exists():
    time.sleep(0.1)
"""
BUILD_LOG = "azureml-logs/20_image_build_log.txt"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeCluster]:
    yield from fake_cluster(tmp_path / "cluster", runs=True)


@pytest.fixture
def runs(tmp_path: Path, cluster: FakeCluster) -> Iterator[LiveRuns]:
    with LiveServer(tmp_path / "home") as server:
        runs = LiveRuns(server)
        attach(runs, cluster)
        yield runs
        for run in runs.server.json("GET", f"{runs.root}/runs")["value"]:
            if run["state"] not in TERMINAL:
                runs.cancel(run["id"])
                runs.wait(run["id"])


def attach(runs: LiveRuns, cluster: FakeCluster, **settings: Any) -> dict[str, Any]:
    body = {
        "name": "pods",
        "kind": "kubernetes",
        "type": "Kubernetes",
        "settings": {"server_url": runs.server.url, **settings},
        "credential": credential(cluster),
    }
    runs.server.json("POST", f"{runs.root}/computes", body)
    return until(lambda: ready(runs))


def credential(cluster: FakeCluster) -> dict[str, str]:
    return {"kubeconfig": cluster.kubeconfig()}


def ready(runs: LiveRuns) -> dict[str, Any] | None:
    found = runs.server.json("GET", f"{runs.root}/computes/pods")
    return found if found["state"] != "Creating" else None


def test_a_run_is_a_job(runs: LiveRuns, cluster: FakeCluster):
    run = runs.submit(TRAIN, compute="pods")
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert "python /" in runs.log(run)
    assert "outputs/model.txt" in runs.artifacts(run)
    assert "The environment was made in" in runs.log(run, BUILD_LOG)
    # What anybody who may list Jobs reads holds no token; that lies in the Secret.
    job = next(iter(cluster.jobs.values()))
    assert "zrt_" not in str(job)
    assert job["metadata"]["annotations"]["zaffre/run-id"] == run
    # What is left of a run that has ended is removed, its Secret with it.
    until(lambda: not cluster.jobs, seconds=60)
    assert not cluster.kept["secrets"]


def test_a_private_wheel_is_fetched_by_the_pod(runs: LiveRuns):
    data = wheel("mine")
    digest = hashlib.sha256(data).hexdigest()
    runs.server.ask("PUT", f"{runs.root}/blobs/{digest}", data)
    environment = {"pip_packages": [], "wheels": {"mine-1.0-py3-none-any.whl": digest}}
    text = "import mine; print('got', mine.__name__)"
    run = runs.submit(text, compute="pods", environment=environment)
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert "got mine" in runs.log(run)


def test_a_run_waits_for_a_node_and_says_so(runs: LiveRuns, cluster: FakeCluster):
    cluster.unschedulable = "0/3 nodes are available: 3 Insufficient cpu."
    first, second = (runs.submit(TRAIN, compute="pods") for _ in range(2))
    for run in (first, second):
        until(lambda run=run: "Insufficient cpu" in (runs.get(run)["waits_for"] or ""), seconds=60)
    runs.cancel(second)
    assert runs.wait(second)["state"] == "Canceled"
    until(lambda: len(cluster.jobs) == 1)
    cluster.unschedulable = ""
    cluster.schedule()
    ended = runs.wait(first)
    assert (ended["state"], ended["error"], ended["waits_for"]) == ("Completed", None, None)


def test_a_run_goes_on_without_the_server_and_ends_when_it_is_canceled(
    runs: LiveRuns, cluster: FakeCluster, tmp_path: Path
):
    go = tmp_path / "go"
    first = runs.submit(WAIT.format(go=str(go)), compute="pods")
    runs.wait_for(first, "waiting")
    # The port stays, as it would behind an address that pods know.
    port = runs.server.url.rpartition(":")[2]
    runs.server.kill()
    cluster.is_away = True
    runs.server.start(port=port)
    assert runs.get(first)["state"] == "Running"
    cluster.is_away = False
    second = runs.submit(WAIT.format(go=str(tmp_path / "never")), compute="pods")
    runs.wait_for(second, "waiting")
    runs.cancel(second)
    assert runs.wait(second)["state"] == "Canceled"
    go.touch()
    assert runs.wait(first)["state"] == "Completed"
    assert not runs.processes(second)


def test_a_server_that_dies_while_it_launches_starts_nothing_twice(
    runs: LiveRuns, cluster: FakeCluster, tmp_path: Path
):
    marks = tmp_path / "marks"
    run = runs.submit(f"open({str(marks)!r}, 'a').write('once ')", compute="pods")
    until(lambda: cluster.jobs, seconds=60)
    port = runs.server.url.rpartition(":")[2]
    runs.server.kill()
    runs.server.start(port=port)
    ended = runs.wait(run)
    assert (ended["state"], ended["error"], marks.read_text()) == ("Completed", None, "once ")
    until(lambda: not cluster.jobs, seconds=60)


def test_a_job_that_somebody_deletes_ends_its_run(
    runs: LiveRuns, cluster: FakeCluster, tmp_path: Path
):
    run = runs.submit(WAIT.format(go=str(tmp_path / "never")), compute="pods")
    runs.wait_for(run, "waiting")
    cluster.delete_job(next(iter(cluster.jobs)))
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]["code"]) == ("Failed", "PodEnded")


def test_a_pod_that_does_not_reach_the_server_says_so(runs: LiveRuns, cluster: FakeCluster):
    cluster.patch = ("_FIRST_PATIENCE = 30.0", "_FIRST_PATIENCE = 0.0")
    change = {"settings": {"server_url": "http://127.0.0.1:1"}, "credential": credential(cluster)}
    runs.server.json("PATCH", f"{runs.root}/computes/pods", change)
    ended = runs.wait(runs.submit(TRAIN, compute="pods"))
    assert ended["error"]["code"] == "PodNotPrepared"
    assert "cannot reach the server at http://127.0.0.1:1" in ended["error"]["message"]


def test_an_environment_that_cannot_be_made_in_a_pod_ends_its_run(
    runs: LiveRuns, cluster: FakeCluster
):
    cluster.patch = ('"--quiet", "--no-project"', '"--no-such-option"')
    ended = runs.wait(runs.submit(TRAIN, compute="pods"))
    assert ended["error"]["code"] == "EnvironmentBuildFailed"
    assert "--no-such-option" in ended["error"]["message"]


def test_what_no_cluster_can_do_is_refused(runs: LiveRuns):
    with pytest.raises(Refused, match="InvalidRunSpec"):
        runs.submit(TRAIN, compute="pods", node_count=2)
    with pytest.raises(Refused, match="InvalidRunSpec"):
        runs.submit(TRAIN, compute="pods", instance_type="gpu")
    with pytest.raises(Refused, match="ComputeCannotRun"):
        runs.submit(TRAIN, compute="pods", environment={"image": {"dockerfile": "FROM python"}})
