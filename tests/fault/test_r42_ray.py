"""What becomes of runs when parts of a Ray cluster end; on real clusters of this machine."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
from live import LiveRuns, LiveServer, until
from programs import environ_of
from rays import TOKEN, RayCluster
from zaffre.cli.processes import end_all, left_over
from zaffre_sdk.home import Home

# Looked for and not imported: that takes long, and these tests need its programs alone.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray has no wheel for this Python"),
]

WAITS = """
import time
from azureml.core import Run
from pathlib import Path
Run.get_context().log("loss", 0.5)
print("begun", flush=True)
while not Path({stop!r}).exists():
    time.sleep(0.05)
print("done")
"""
MEETS = """
import os, socket, time
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
print(f"rank {rank} of {size} on node {os.environ['NODE_RANK']}", flush=True)
if rank == 0:
    with socket.create_server(place) as listener:
        print("heard", listener.accept()[0].recv(100).decode())
else:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(place, 5).sendall(b"rank 1")
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
"""
PROGRAM = """
import sys
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import ComputeTarget, RayCompute
from azureml.core.runconfig import PyTorchConfiguration

address, token, folder = sys.argv[1:]
ws = Workspace.get("ws", subscription_id="s", resource_group="g")
here = RayCompute.attach_configuration(address, token=token, settings={"python": sys.executable})
ComputeTarget.attach(ws, "cluster", here).wait_for_completion()
environment = Environment("own")
environment.python.user_managed_dependencies = True
environment.python.interpreter_path = sys.executable
config = ScriptRunConfig(
    folder,
    script="train.py",
    compute_target=ComputeTarget(ws, "cluster"),
    environment=environment,
    distributed_job_config=PyTorchConfiguration(process_count=2, node_count=2),
)
run = Experiment(ws, "exp").submit(config)
run.wait_for_completion(show_output=False)
print(run.id)
"""
STAYS = "import os, time; print('below', os.getppid(), flush=True); time.sleep(600)"
TWO: dict[str, Any] = {
    "compute": "rays",
    "node_count": 2,
    "distribution": {"kind": "pytorch", "process_count": 2},
}
FIRST, SECOND = (f"user_logs/std_log_process_{rank}.txt" for rank in (0, 1))


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with RayCluster(more=1) as cluster:
        yield cluster


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[LiveRuns]:
    with LiveServer(tmp_path / "home") as server:
        yield LiveRuns(server)
    end_all(Home(tmp_path / "home"))


def attach(runs: LiveRuns, cluster: RayCluster) -> None:
    create(runs, settings={"address": cluster.address, "python": sys.executable})


def create(runs: LiveRuns, *, settings: dict[str, Any]) -> None:
    body = {"name": "rays", "kind": "ray", "settings": settings, "credential": {"token": TOKEN}}
    runs.server.json("POST", f"{runs.root}/computes", body)
    until(lambda: state(runs) == "Succeeded", seconds=120)


def of_home(runs: LiveRuns) -> list[psutil.Process]:
    return left_over(Home(runs.server.home))


def state(runs: LiveRuns) -> str:
    return runs.server.json("GET", f"{runs.root}/computes/rays")["state"]


def test_a_v1_run_of_two_nodes_is_a_process_on_each(
    cluster: RayCluster, runs: LiveRuns, tmp_path: Path
):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_text(MEETS)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, cluster.address, TOKEN, str(folder)],
        env=environ_of(runs.server.home),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = done.stdout.split()[-1]
    assert runs.get(run)["state"] == "Completed"
    assert "rank 0 of 2 on node 0" in runs.log(run, FIRST)
    assert "heard rank 1" in runs.log(run, FIRST)
    assert "rank 1 of 2 on node 1" in runs.log(run, SECOND)
    until(lambda: not runs.processes(run))


def test_r42_a_dashboard_that_is_down_changes_nothing(
    cluster: RayCluster, runs: LiveRuns, tmp_path: Path
):
    attach(runs, cluster)
    stop = tmp_path / "stop"
    text = WAITS.format(stop=str(stop))
    going = runs.submit(text, compute="rays")
    runs.wait_for(going, "begun")
    start_again = cluster.kill("dashboard/dashboard.py")
    waiting = runs.submit(text, compute="rays")
    until(lambda: state(runs) == "Failed", seconds=60)
    assert runs.get(going)["state"] == "Running"
    until(lambda: runs.get(waiting)["state"] == "Queued", seconds=60)
    assert "does not answer" in runs.get(waiting)["waits_for"]
    stop.touch()
    assert runs.wait(going)["state"] == "Completed"
    start_again()
    assert runs.wait(waiting, seconds=120)["state"] == "Completed"


def test_r42_a_node_that_dies_ends_the_run(cluster: RayCluster, runs: LiveRuns):
    attach(runs, cluster)
    run = runs.submit(STAYS, **TWO)
    until(lambda: runs.log(run, SECOND).endswith("\n"), seconds=60)
    seat = psutil.Process(int(runs.log(run, SECOND).split()[1]))
    node = next(one for one in seat.parents() if one.name() == "raylet")
    node.kill()
    ended = runs.wait(run, seconds=60)
    assert (ended["state"], ended["error"]["code"]) == ("Failed", "UserScriptFailed")
    assert "The process on node 1 is lost" in runs.log(run, SECOND)
    until(lambda: not runs.processes(run))


def test_r42_the_head_dies_and_the_run_says_so_and_keeps_what_it_had(
    runs: LiveRuns, tmp_path: Path
):
    create(runs, settings={})
    run = runs.submit(WAITS.format(stop=str(tmp_path / "never")), compute="rays")
    runs.wait_for(run, "begun")
    [head] = [one for one in of_home(runs) if one.name() == "gcs_server"]
    head.kill()
    ended = runs.wait(run, seconds=60)
    assert (ended["state"], ended["error"]["code"]) == ("Failed", "SupervisorLost")
    assert "Ray cluster" in ended["error"]["message"]
    assert not runs.processes(run)
    assert runs.log(run) == "begun\n"
    metrics = runs.server.json("GET", f"{runs.root}/runs/{run}/metrics")
    assert "loss" in str(metrics)
    # Another head was started for the runs to come, and ends with the target.
    until(lambda: state(runs) == "Succeeded", seconds=120)
    runs.server.ask("DELETE", f"{runs.root}/computes/rays")
    until(lambda: not list((runs.server.home / "ray").iterdir()), seconds=60)
    assert not of_home(runs)
