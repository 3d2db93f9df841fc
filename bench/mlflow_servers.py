"""The two servers that `bench_mlflow.py` compares, with their start, rest and filling."""

import asyncio
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

WORDS = ("0.1", "0.01", "0.001", "0.2", "0.3")
_MEGABYTE = 1 << 20
_START_SECONDS = 180


@dataclass
class Server:
    """A server of one of the two kinds, in a folder of its own."""

    folder: Path
    url: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> float:
        """Start it and return after how many seconds it answered."""
        raise NotImplementedError

    def fill(self, numbers: range) -> None:
        """Put these runs into the experiment `bench`; the server does not run meanwhile."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it and all its processes."""
        if self.process is None:
            return
        family = psutil.Process(self.process.pid)
        for member in [*family.children(recursive=True), family]:
            member.terminate()
        self.process.wait(30)
        self.process = None

    def megabytes(self) -> float:
        """Return the memory of all its processes, shared pages counted once."""
        if self.process is None:
            raise RuntimeError("it does not run")
        family = psutil.Process(self.process.pid)
        members = [family, *family.children(recursive=True)]
        return sum(member.memory_full_info().pss for member in members) / _MEGABYTE

    def _started(self, command: list[str], health: str) -> float:
        # Both may keep their compiled modules, as they do wherever they are installed.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**inherited, **self.environment}, stdout=log, stderr=log
            )
        while time.perf_counter() - began < _START_SECONDS:
            try:
                with urllib.request.urlopen(health, timeout=5):  # noqa: S310 - our own
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.02)
        raise TimeoutError(f"{command} did not answer at {health}")


class Zaffre(Server):
    """Ours, as `zaffre up` runs it."""

    def start(self) -> float:
        """Start it and return after how many seconds it answered."""
        port = free_port()
        self.environment["ZAFFRE_HOME"] = str(self.folder / "home")
        command = [sys.executable, "-m", "zaffre", "up", "--foreground", "--port", str(port)]
        took = self._started(command, f"http://127.0.0.1:{port}/health")
        self.url = f"http://127.0.0.1:{port}"
        os.environ["MLFLOW_TRACKING_TOKEN"] = (self.folder / "home" / "token").read_text()
        return took

    def fill(self, numbers: range) -> None:
        """Put runs into the store through its own room."""
        asyncio.run(_fill_zaffre(self.folder / "home" / "data" / "zaffre.db", numbers))


class Mlflow(Server):
    """MLflow's own server on SQLite, with the artifact proxy."""

    python: Path = Path(sys.executable)

    def start(self) -> float:
        """Start it and return after how many seconds it answered."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *(str(self.python), "-m", "mlflow", "server"),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}"),
            *("--artifacts-destination", str(self.folder / "artifacts")),
        ]
        return self._started(command, f"{self.url}/health")

    def fill(self, numbers: range) -> None:
        """Put runs into the tables of the server."""
        with closing(sqlite3.connect(self.folder / "mlflow.db")) as raw:
            _fill_mlflow(raw, numbers)
            raw.commit()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _described(number: int) -> dict[str, Any]:
    chance = random.Random(number)  # noqa: S311 - the same runs for both
    return {
        "params": {"lr": chance.choice(WORDS), **{f"p{i}": str(i) for i in range(4)}},
        "metrics": {"acc": chance.random(), **{f"m{i}": chance.random() for i in range(4)}},
        "tags": {"kind": "bench", "team": chance.choice(WORDS)},
    }


def _fill_mlflow(raw: sqlite3.Connection, numbers: range) -> None:
    (experiment,) = raw.execute(
        "SELECT experiment_id FROM experiments WHERE name = 'bench'"
    ).fetchone()
    columns = [row[1] for row in raw.execute("PRAGMA table_info(latest_metrics)")]
    begin = int(time.time() * 1000) - numbers.stop
    for number in numbers:
        run, described = f"{number:032x}", _described(number)
        raw.execute(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name,"
            " user_id, status, start_time, end_time, source_version, lifecycle_stage,"
            " artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', '', '', 'bench', 'FINISHED',"
            " ?, ?, '', 'active', ?, ?)",
            (run, f"run-{number}", begin + number, begin + number, f"mlflow-artifacts:/{run}",
             experiment),
        )  # fmt: skip
        raw.executemany(
            "INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)",
            [(run, *pair) for pair in described["params"].items()],
        )
        raw.executemany(
            "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)",
            [(run, *pair) for pair in described["tags"].items()],
        )
        for table in ("metrics", "latest_metrics"):
            named = "run_uuid, key, value, timestamp, step, is_nan"
            if not set(named.split(", ")) <= set(columns):
                raise RuntimeError(f"{table} has {columns}")
            raw.executemany(
                f"INSERT INTO {table} ({named}) VALUES (?, ?, ?, ?, 0, 0)",  # noqa: S608 - ours
                [(run, *pair, begin + number) for pair in described["metrics"].items()],
            )


async def _fill_zaffre(path: Path, numbers: range) -> None:
    from zaffre.adapters.sql.database import open_database  # noqa: PLC0415 - slow

    database = open_database(path)
    begin = datetime.now(UTC) - timedelta(milliseconds=numbers.stop)
    try:
        for first in range(0, len(numbers), 500):
            some = numbers[first : first + 500]
            await database.write(lambda stores, some=some: _add(stores, some, begin))
    finally:
        await database.close()


def _add(stores: Any, numbers: range, begin: datetime) -> None:  # noqa: ANN401 - a transaction
    from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint  # noqa: PLC0415
    from zaffre.domain.runs import Run, RunKind, RunSpec, RunState  # noqa: PLC0415

    workspace = stores.workspaces.list()[0].id
    experiment = stores.experiments.find(workspace, "bench")
    for number in numbers:
        described, time_ = _described(number), begin + timedelta(milliseconds=number)
        run = Run(
            id=f"{number:032x}",
            workspace_id=workspace,
            experiment_id=experiment.id,
            experiment_name=experiment.name,
            parent_id=None,
            number=number,
            spec=RunSpec(kind=RunKind.INTERACTIVE),
            state=RunState.COMPLETED,
            display_name=f"run-{number}",
            tags=described["tags"],
            created_at=time_,
            started_at=time_,
            ended_at=time_,
        )
        stores.runs.add(run)
        stores.params.add(run, described["params"])
        points = tuple(
            MetricPoint(name, MetricKind.SCALAR, value, 0, time_)
            for name, value in described["metrics"].items()
        )
        stores.metrics.append(run, MetricBatch.of("bench", 1, points))


def measured(python: Path, server: Server, measure: str, count: int) -> float:
    """Return what the genuine client measured against a server."""
    done = subprocess.run(
        [python, Path(__file__).with_name("mlflow_client.py"), server.url, measure, str(count)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(done.stdout.split()[-1]))
