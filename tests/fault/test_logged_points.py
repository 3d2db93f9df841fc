"""What a program logs is on the server once and in order, whatever becomes of the server.

ZAFFRE_FAULT_COUNT says how many rounds of random kills there are, ZAFFRE_FAULT_OUTAGE how many
seconds the long outage lasts, and ZAFFRE_FAULT_SEED from which seed the moments are drawn.
"""

import array
import os
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import LiveRuns, LiveServer, until
from programs import Program, processes_of

COUNT = int(os.environ.get("ZAFFRE_FAULT_COUNT", "2"))
OUTAGE = float(os.environ.get("ZAFFRE_FAULT_OUTAGE", "4"))
SEED = int(os.environ.get("ZAFFRE_FAULT_SEED", "0"))
POINTS = 10_000
PACED_SECONDS = 3.0
KILLS = 3
# Beyond what any real disk or scheduler does to a call that only appends to a deque.
BLOCKED_SECONDS = 0.5

# Logs `count` points over `seconds`, which is what training does between its steps.
PACED = """
import array, sys, time

def log_paced(run, count, seconds, starts, durations):
    begin = time.monotonic()
    for number in range(count):
        before = time.perf_counter()
        run.log('loss', number)
        durations.append(time.perf_counter() - before)
        starts.append(time.time())
        if number % 50 == 0:
            time.sleep(max(0.0, begin + seconds * number / count - time.monotonic()))
    return time.monotonic() - begin
"""
INLINE = f"""{PACED}
from azureml.core import Experiment, Workspace

count, seconds = int(sys.argv[1]), float(sys.argv[2])
workspace = Workspace.create('ws', subscription_id='s', resource_group='g', exist_ok=True)
run = Experiment(workspace, 'inline').start_logging()
starts, durations = array.array('d'), array.array('d')
print(run.id)
print(log_paced(run, count, seconds, starts, durations))
run.complete()
with open('times.bin', 'wb') as file:
    starts.tofile(file)
    durations.tofile(file)
print(run.get_status())
"""
SCRIPT = f"""{PACED}
from azureml.core import Run

print('up', flush=True)
log_paced(Run.get_context(), {POINTS}, {PACED_SECONDS}, array.array('d'), array.array('d'))
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "home") as live:
        yield live
    until(lambda: not processes_of(live.home), seconds=20)


def values_of(runs: LiveRuns, run: str) -> list[Any]:
    """Return what was logged as `loss`, in the order of the server."""
    path = f"{runs.root}/runs/{run}/metrics/entries?name=loss&limit=1000"
    values, after = [], ""
    while True:
        page = runs.server.json("GET", path + after)
        values += [entry["value"] for entry in page["value"]]
        if page["next"] is None:
            return values
        after = f"&after={page['next']}"


def kill_at_random(server: LiveServer, seed: int) -> None:
    """Kill the server a few times while points are logged and a run ends."""
    print(f"seed {seed}")  # noqa: T201 (what repeats a failure)
    chance = random.Random(seed)  # noqa: S311 (moments, not secrets)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.0, PACED_SECONDS / 2))
        server.kill()
        time.sleep(chance.uniform(0.0, 1.0))
        server.start()


@pytest.mark.parametrize("seed", range(SEED, SEED + COUNT))
def test_r01_points_of_an_inline_run_outlive_kills(server: LiveServer, tmp_path: Path, seed: int):
    runs = LiveRuns(server)
    program = Program(server.home, tmp_path / "program", INLINE, str(POINTS), str(PACED_SECONDS))
    until(lambda: program.has_written(1))
    run = program.lines[0]
    kill_at_random(server, seed)
    program.wait(120)
    assert program.lines[-1] == "Completed"
    assert runs.get(run)["state"] == "Completed"
    assert values_of(runs, run) == list(range(POINTS))
    assert not list(server.home.rglob("*.spool"))
    left = [process for process in processes_of(server.home) if process.pid != server.pid]
    assert left == []


@pytest.mark.parametrize("seed", range(SEED, SEED + COUNT))
def test_r01_points_of_a_script_outlive_kills(server: LiveServer, seed: int):
    runs = LiveRuns(server)
    run = runs.submit(SCRIPT)
    runs.wait_for(run, "up")
    kill_at_random(server, seed)
    ended = runs.wait(run, seconds=120)
    assert (ended["state"], ended["error"]) == ("Completed", None)
    assert values_of(runs, run) == list(range(POINTS))
    until(lambda: not runs.processes(run), seconds=10)


def test_r14_an_outage_neither_loses_points_nor_blocks_the_program(
    server: LiveServer, tmp_path: Path
):
    runs = LiveRuns(server)
    count, paced = 100_000, OUTAGE + 4
    program = Program(server.home, tmp_path / "program", INLINE, str(count), str(paced))
    until(lambda: program.has_written(1))
    run = program.lines[0]
    # Some of the points arrive before the outage.
    until(lambda: len(runs.server.json("GET", f"{runs.root}/runs/{run}/metrics")["value"]) == 1)
    server.kill()
    down = time.time()
    time.sleep(OUTAGE)
    up = time.time()
    server.start()
    program.wait(120)
    assert program.lines[-1] == "Completed"
    assert values_of(runs, run) == list(range(count))
    calls = durations_between(tmp_path / "program" / "times.bin", down, up)
    cuts = statistics.quantiles(calls, n=1000)
    p50, p99 = cuts[499], cuts[989]
    print(  # noqa: T201 (a measurement)
        f"{len(calls)} calls in {OUTAGE:g} s without a server: p50 {p50 * 1e6:.1f} us, "
        f"p99 {p99 * 1e6:.1f} us, longest {max(calls) * 1e3:.1f} ms"
    )
    assert p99 < 0.02
    assert max(calls) < BLOCKED_SECONDS
    # It kept its pace: what it does between the calls was not held up either.
    assert float(program.lines[1]) < paced + 2
    # It is said once that the server is away, and once that it is back.
    assert program.errors.count("do not reach the server") == 1
    assert program.errors.count("the server is back") == 1


KILLED = """
import os, signal, sys, time
from pathlib import Path
from azureml.core import Experiment, Workspace

workspace = Workspace.create('ws', subscription_id='s', resource_group='g', exist_ok=True)
run = Experiment(workspace, 'inline').start_logging()
print(run.id)
while not Path('go').exists():
    time.sleep(0.02)
for number in range(1000):
    run.log('loss', number)
time.sleep(1)  # The sender needs a moment to write them down.
print('dying')
os.kill(os.getpid(), signal.SIGKILL)
"""
NEXT = """
import time
from azureml.core import Workspace

Workspace.create('ws', subscription_id='s', resource_group='g', exist_ok=True)
time.sleep(600)
"""


def test_r15_points_of_a_killed_inline_program_are_sent_by_the_next(
    server: LiveServer, tmp_path: Path
):
    runs = LiveRuns(server)
    killed = Program(server.home, tmp_path / "killed", KILLED)
    until(lambda: killed.has_written(1))
    run = killed.lines[0]
    server.kill()
    (tmp_path / "killed" / "go").touch()
    killed.process.wait(30)
    assert killed.lines[-1] == "dying"
    server.start()
    assert values_of(runs, run) == []
    following = Program(server.home, tmp_path / "next", NEXT)
    try:
        until(lambda: f"sent 1000 metrics of the run {run}" in following.errors)
    finally:
        following.kill()
    assert values_of(runs, run) == list(range(1000))
    assert not list(server.home.rglob("*.spool"))


def durations_between(path: Path, begin: float, end: float) -> list[float]:
    both = array.array("d", path.read_bytes())
    half = len(both) // 2
    found = [both[half + n] for n in range(half) if begin <= both[n] <= end]
    assert len(found) > 1000
    return found
