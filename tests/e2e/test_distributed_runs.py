"""Runs of several processes on clusters, on a real server with real processes."""

from collections.abc import Iterator

import pytest
from live import LiveRuns, LiveServer, until

pytestmark = pytest.mark.timeout(120)
_TELL = """
import os
names = ("AZUREML_CR_NODE_RANK", "LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMP_NUM_THREADS")
print([os.environ.get(name) for name in names], len(os.sched_getaffinity(0)), flush=True)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRuns]:
    server = LiveServer(tmp_path_factory.mktemp("e2e") / "home")
    server.home.mkdir(mode=0o700)
    with server:
        runs = LiveRuns(server)
        cluster = {
            "name": "small",
            "kind": "cluster",
            "vm_size": "STANDARD_DS1_V2",
            "scale": {"max_nodes": 2},
        }
        server.json("POST", f"{runs.root}/computes", cluster)
        yield runs


def log_of(runs: LiveRuns, run: str, rank: int) -> str:
    return runs.log(run, f"user_logs/std_log_process_{rank}.txt")


def process_logs(runs: LiveRuns, run: str) -> list[str]:
    """Return the logs of processes that have begun to write."""
    logs = runs.server.json("GET", f"{runs.root}/runs/{run}/logs")["value"]
    return [log["path"] for log in logs if "std_log_process_" in log["path"] and log["size"]]


def test_processes_keep_to_the_size_of_their_nodes(runs: LiveRuns):
    run = runs.submit(
        _TELL,
        compute="small",
        node_count=2,
        distribution={"kind": "pytorch", "process_count": 2},
    )
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert len(ended["nodes"]) == 2
    assert log_of(runs, run, 0) == "['0', '0', None, '1'] 1\n"
    assert log_of(runs, run, 1) == "['1', '0', None, '1'] 1\n"


def test_a_run_of_mpi_on_two_nodes_completes(runs: LiveRuns):
    script = (
        "from mpi4py import MPI\nprint(MPI.COMM_WORLD.allreduce(1), MPI.COMM_WORLD.rank)\n" + _TELL
    )
    run = runs.submit(
        script,
        compute="small",
        node_count=2,
        distribution={"kind": "mpi", "process_count_per_node": 2},
    )
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    said = [log_of(runs, run, rank).split("\n", 1)[0] for rank in range(4)]
    assert said == ["4 0", "4 1", "4 2", "4 3"]


@pytest.mark.parametrize("kind", ["pytorch", "mpi"])
def test_r10_a_canceled_run_of_many_processes_leaves_none(runs: LiveRuns, kind: str):
    script = "print('up', flush=True)\nimport signal\nwhile True: signal.pause()\n"
    run = runs.submit(
        script,
        compute="small",
        node_count=2,
        distribution={"kind": kind, "process_count": 3},
    )
    until(lambda: len(process_logs(runs, run)) == 3)
    runs.cancel(run)
    assert runs.wait(run)["state"] == "Canceled"
    until(lambda: not runs.processes(run), seconds=10)


@pytest.mark.parametrize("kind", ["pytorch", "mpi"])
def test_r09_a_killed_runner_takes_all_processes_along(runs: LiveRuns, kind: str):
    script = "print('up', flush=True)\nimport signal\nwhile True: signal.pause()\n"
    run = runs.submit(script, distribution={"kind": kind, "process_count": 3})
    until(lambda: len(process_logs(runs, run)) == 3)
    runs.runner(run).kill()
    assert runs.wait(run, seconds=40)["error"]["code"] == "SupervisorLost"
    until(lambda: not runs.processes(run), seconds=10)
