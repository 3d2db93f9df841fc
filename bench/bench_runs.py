"""Many short runs on four slots: how long each takes more than its bare process.

Every subject executes `python work.py`, a script that writes a file, so many times, at most four
at once: bare processes; zaffre on a cluster of four nodes; jobs of Ray; flow runs of Prefect by a
process worker; tasks of one Metaflow run. BENCH_RUNS says how many (200); the peers that need
seconds for each get as many as BENCH_SLOW_RUNS says (40), and all figures are for one run. The
servers of all have been started before the clock is.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from figures import Figure, alternate, ratio
from home import fresh_home
from peers import environment
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.home import Home
from zaffre_sdk.wire.computes import ComputeIn, Scale
from zaffre_sdk.wire.environments import EnvironmentSpec
from zaffre_sdk.wire.runs import RunIn, RunSpec
from zaffre_sdk.wire.workspaces import WorkspaceIn

HERE = Path(__file__).resolve().parent
SLOTS = 4
RUNS = int(os.environ.get("BENCH_RUNS", "200"))
SLOW_RUNS = int(os.environ.get("BENCH_SLOW_RUNS", "40"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
OPEN = ("Queued", "Preparing", "Starting", "Running", "Finalizing", "NotResponding")
WORK = "import os, uuid\nopen(os.path.join({folder!r}, uuid.uuid4().hex), 'w').close()\n"
PREFECT = {
    "PREFECT_API_URL": "http://127.0.0.1:24200/api",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "DO_NOT_TRACK": "1",
}
PEERS = {
    "Ray jobs": ("ray", "runs_ray.py", "ray[default]==2.60.0"),
    "Prefect": ("prefect", "runs_prefect.py", "prefect>=3,<4", "fastapi<0.116"),
    "Metaflow": ("metaflow", "runs_metaflow.py", "metaflow>=2.12,<3"),
}


def main() -> list[str]:
    """Return the lines of the report."""
    with tempfile.TemporaryDirectory() as text, fresh_home() as home:
        folder = Path(text)
        done = folder / "done"
        done.mkdir()
        script = folder / "src" / "work.py"
        script.parent.mkdir()
        script.write_text(WORK.format(folder=str(done)))
        subjects = {"bare processes": bare(script), "zaffre": cluster(home, script)}
        peers = {name: Peer(folder, script, *words) for name, words in PEERS.items()}
        try:
            subjects |= {name: peer.per_run for name, peer in peers.items()}
            counted = {name: checked(done, measure) for name, measure in subjects.items()}
            figures = alternate(ROUNDS, "ms", counted)
        finally:
            for peer in peers.values():
                peer.stop()
    return report(figures)


def report(figures: dict[str, Figure]) -> list[str]:
    """Return a row for each subject, with what it takes beyond a bare process."""
    plain = figures["bare processes"]
    over = {
        name: Figure(name, "ms", [a - b for a, b in zip(figure.values, plain.values, strict=True)])
        for name, figure in figures.items()
        if figure is not plain
    }
    rows = [
        f"| {name} | {figure} | {over.get(name, '')} | {times(over, name)} |"
        for name, figure in figures.items()
    ]
    words = (
        f"{RUNS} runs of a script that does nearly nothing, {SLOTS} at once ({SLOW_RUNS} of them "
        "by the peers, which need seconds for each); the time for all, divided by their number:"
    )
    return [
        words,
        "",
        "| | one run | of that beyond a bare process | times ours |",
        "|---|---|---|---|",
        *rows,
    ]


def times(over: dict[str, Figure], name: str) -> str:
    """Return how many times ours a peer takes beyond a bare process."""
    return f"{ratio(over['zaffre'], over[name]):.1f}" if name in PEERS else ""


def checked(done: Path, measure: Callable[[], tuple[int, float]]) -> Callable[[], float]:
    """Return what measures milliseconds for one run, after a look that all were executed."""

    def measured() -> float:
        before = len(list(done.iterdir()))
        count, seconds = measure()
        found = len(list(done.iterdir())) - before
        if found != count:
            raise SystemExit(f"{found} of {count} runs were executed")
        return seconds / count * 1000

    return measured


def bare(script: Path) -> Callable[[], tuple[int, float]]:
    """Return what runs the processes themselves."""

    def measure() -> tuple[int, float]:
        began = time.perf_counter()
        with ThreadPoolExecutor(SLOTS) as pool:
            command = [sys.executable, str(script)]
            list(pool.map(lambda _: subprocess.run(command, check=True), range(RUNS)))
        return RUNS, time.perf_counter() - began

    return measure


def cluster(home: Path, script: Path) -> Callable[[], tuple[int, float]]:
    """Return what submits the runs to a cluster and waits for the last."""
    running = Home(home).running()
    if running is None:
        raise SystemExit("there is no server")
    client = local_client(Home(home), url=running.url)
    asked = WorkspaceIn(name="bench", subscription_id="local", resource_group="local")
    workspace = client.workspace(client.workspaces.create(asked).id)
    scale = Scale(max_nodes=SLOTS, idle_seconds=600)
    workspace.computes.create(ComputeIn(name="cpu", kind="cluster", scale=scale))
    snapshot = workspace.snapshots.create(script.parent)
    spec = RunSpec(
        kind="script",
        script=script.name,
        snapshot_id=snapshot.id,
        environment=EnvironmentSpec(interpreter=sys.executable),
        compute="cpu",
    )

    def measure() -> tuple[int, float]:
        began = time.perf_counter()
        ids = [workspace.runs.create(RunIn(experiment="b", spec=spec)).id for _ in range(RUNS)]
        for run_id in ids:
            ended = workspace.runs.get(run_id)
            while ended.state in OPEN:
                ended = workspace.runs.wait(run_id, state=ended.state)
            if ended.state != "Completed":
                raise SystemExit(f"{run_id}: {ended.error}")
        return RUNS, time.perf_counter() - began

    return measure


def environ_of(home: Path, python: Path) -> dict[str, str]:
    """Return what a peer sees: its programs first, and a home of its own."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "HOME": str(home), "PATH": path, **PREFECT}


class Peer:
    """A program in the environment of a peer: it starts what it needs, then runs when asked.

    It writes `ready`, and for each number that it reads the seconds that so many runs took.
    """

    def __init__(self, folder: Path, script: Path, name: str, program: str, *wanted: str) -> None:
        python = environment(name, *wanted)
        home = folder / name
        home.mkdir()
        self._process = subprocess.Popen(
            [python, HERE / program, script, str(SLOTS)],
            cwd=home,
            env=environ_of(home, python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._answer() != "ready":
            raise SystemExit(f"{name} does not start")
        self.per_run()

    def per_run(self) -> tuple[int, float]:
        """Have the runs executed; return how many, and the seconds."""
        print(SLOW_RUNS, file=self._process.stdin, flush=True)
        return SLOW_RUNS, float(self._answer())

    def stop(self) -> None:
        """End the peer."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(60)

    def _answer(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        for line in self._process.stdout:
            if line.startswith("bench: "):
                return line.removeprefix("bench: ").strip()
        raise SystemExit("a peer ended")


if __name__ == "__main__":
    print("\n".join(main()))
