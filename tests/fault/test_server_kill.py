"""The server is killed at random moments; every run ends exactly once all the same.

ZAFFRE_FAULT_COUNT says how often; a few times by default.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import LiveRuns, LiveServer, until

COUNT = int(os.environ.get("ZAFFRE_FAULT_COUNT", "3"))
RUNS = 4
SCRIPT = """
import os, sys, time
# One line for each time that user code started, where no server can lose it.
with open(os.environ['PROOF'], 'a') as proof:
    proof.write(os.environ['AZUREML_RUN_ID'] + '\\n')
for number in range(20):
    print('line', number, flush=True)
    time.sleep(0.1)
with open('outputs/done.txt', 'w') as file:
    file.write('done')
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 60 * COUNT)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "home") as live:
        yield live


def target(runs: LiveRuns, name: str) -> str:
    """Return the name of a target that is there: a cluster has fewer nodes than there are runs."""
    present = runs.server.json("GET", f"{runs.root}/computes")["value"]
    if name != "local" and not present:
        cluster = {"name": name, "kind": "cluster", "scale": {"max_nodes": 3, "idle_seconds": 0}}
        runs.server.json("POST", f"{runs.root}/computes", cluster)
    return name


@pytest.mark.parametrize("compute", ["local", "cpu-cluster"])
@pytest.mark.parametrize("seed", range(COUNT))
def test_runs_complete_exactly_once_over_a_killed_server(
    server: LiveServer, tmp_path: Path, seed: int, compute: str
):
    chance = random.Random(seed)  # noqa: S311 (moments, not secrets)
    proof = tmp_path / "proof.txt"
    proof.touch()
    runs = LiveRuns(server)
    names = [
        runs.submit(SCRIPT, variables={"PROOF": str(proof)}, compute=target(runs, compute))
        for _ in range(RUNS)
    ]
    for _ in range(2):
        # Somewhere between the queue, the launch, the script and its end.
        time.sleep(chance.uniform(0.0, 2.5))
        server.kill()
        time.sleep(chance.uniform(0.0, 1.0))
        server.start()
    ended = [runs.wait(name, seconds=90) for name in names]
    assert [(run["state"], run["error"]) for run in ended] == [("Completed", None)] * RUNS
    assert sorted(proof.read_text().split()) == sorted(names)
    for name in names:
        assert runs.log(name).splitlines() == [f"line {number}" for number in range(20)]
        assert runs.artifacts(name) == ["outputs/done.txt"]
        until(lambda name=name: not runs.processes(name), seconds=10)
    if compute != "local":
        path = f"{runs.root}/computes/{compute}/nodes"
        assert until(lambda: not server.json("GET", path)["value"] or None, seconds=10)


def test_a_busy_cluster_starts_each_run_once_over_many_kills(server: LiveServer, tmp_path: Path):
    chance = random.Random(COUNT)  # noqa: S311 (moments, not secrets)
    proof = tmp_path / "proof.txt"
    proof.touch()
    runs = LiveRuns(server)
    cluster = {"name": "busy", "kind": "cluster", "scale": {"max_nodes": 4, "idle_seconds": 0}}
    server.json("POST", f"{runs.root}/computes", cluster)
    names = []
    for _ in range(COUNT):
        names += [
            runs.submit(SCRIPT, variables={"PROOF": str(proof)}, compute="busy")
            for _ in range(chance.randrange(1, 4))
        ]
        # Anywhere in what goes on there: queue, launch, script, end, nodes that come and go.
        time.sleep(chance.uniform(0.0, 4.0))
        server.kill()
        time.sleep(chance.uniform(0.0, 0.5))
        server.start()
    ended = [runs.wait(name, seconds=120) for name in names]
    assert [(run["state"], run["error"]) for run in ended] == [("Completed", None)] * len(names)
    assert sorted(proof.read_text().split()) == sorted(names)
    path = f"{runs.root}/computes/busy"
    assert until(lambda: server.json("GET", path)["target_nodes"] == 0 or None, seconds=10)
    for name in names:
        until(lambda name=name: not runs.processes(name), seconds=10)


LONG_AT_FIRST = """
import os, time
first = not os.path.exists(os.environ['PROOF'])
open(os.environ['PROOF'], 'a').close()
print('first' if first else 'again', flush=True)
time.sleep(600 if first else 0)
"""


def test_a_run_whose_node_is_taken_away_begins_anew_over_a_killed_server(
    server: LiveServer, tmp_path: Path
):
    runs = LiveRuns(server)
    compute = target(runs, "cpu-cluster")
    proof = {"PROOF": str(tmp_path / "proof.txt")}
    run = runs.submit(LONG_AT_FIRST, variables=proof, compute=compute)
    runs.wait_for(run, "first")
    server.json("POST", f"{runs.root}/computes/{compute}/nodes/{compute}-1/preempt")
    server.kill()
    server.start()
    ended = runs.wait(run)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert runs.log(run) == "first\n"
    assert runs.log(run, "user_logs/retry_1/std_log.txt") == "again\n"
    until(lambda: not runs.processes(run), seconds=10)


def test_a_run_ends_while_the_server_is_away(server: LiveServer, tmp_path: Path):
    runs = LiveRuns(server)
    proof = tmp_path / "proof.txt"
    run = runs.submit(SCRIPT, variables={"PROOF": str(proof)})
    runs.wait_for(run, "line 3")
    server.kill()
    # The script needs two seconds; its runner then waits for the server, which comes back late.
    runner = runs.runner(run)
    until(lambda: not runner.children(), seconds=20)
    server.start()
    assert runs.wait(run)["state"] == "Completed"
    assert len(runs.log(run).splitlines()) == 20


LOG_AND_DIE = """
import os, signal, time
from azureml.core import Run
run = Run.get_context()
print('up', flush=True)
while not os.path.exists(os.environ['GO']):
    time.sleep(0.02)
for number in range(100):
    run.log('loss', number)
time.sleep(1)  # The sender needs a moment to write them down.
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_r15_metrics_of_a_killed_script_arrive_when_the_server_is_back(
    server: LiveServer, tmp_path: Path
):
    runs = LiveRuns(server)
    go = tmp_path / "go"
    run = runs.submit(LOG_AND_DIE, variables={"GO": str(go)})
    runs.wait_for(run, "up")
    runner = runs.runner(run)
    server.kill()
    go.touch()
    until(lambda: not runner.children(), seconds=20)
    server.start()
    ended = runs.wait(run)
    assert "signal 9" in ended["error"]["message"]
    path = f"{runs.root}/runs/{run}/metrics/entries?name=loss&limit=1000"
    values = [entry["value"] for entry in server.json("GET", path)["value"]]
    assert values == list(range(100))
