"""The servers that `bench_mlflow.py` compares, with their start, rest and filling."""

import asyncio
import json
import math
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from filling import OldRun, add_run
from waiting import wait_until_answering
from zaffre.adapters.sql import open_database
from zaffre.ports.stores import Stores

WORDS = ("0.1", "0.01", "0.001", "0.2", "0.3")
_MEGABYTE = 1 << 20
_START_SECONDS = 180
_STOP_SECONDS = 30
_FILLED_AT_ONCE = 500
_PAGE = 100
_PATIENCE_SECONDS = 300
_CLIENT_FILE = Path(__file__).with_name("mlflow_client.py")
_AT_ONCE_FILE = Path(__file__).with_name("at_once.py")


@dataclass
class Server(ABC):
    """A server of some kind, in a folder of its own."""

    folder: Path
    url: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    environment: dict[str, str] = field(default_factory=dict)

    @abstractmethod
    def start(self) -> float:
        """Start it and return after how many seconds it answered."""

    @abstractmethod
    def fill(self, numbers: range) -> None:
        """Put these runs into the experiment `bench`; the server does not run meanwhile."""

    def stop(self) -> None:
        """End it and all its processes."""
        if self.process is None:
            return
        members = self._members()
        for member in members:
            with suppress(psutil.NoSuchProcess):
                member.terminate()
        _, left = psutil.wait_procs(members, timeout=_STOP_SECONDS)
        for member in left:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait()
        self.process = None

    def megabytes(self) -> float:
        """Return the memory of all its processes, shared pages counted once."""
        return sum(member.memory_full_info().pss for member in self._members()) / _MEGABYTE

    def asked(self, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Return what it answers to one request of MLflow's API."""
        request = urllib.request.Request(  # noqa: S310 - an address of this machine
            f"{self.url}/api/2.0/mlflow/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {os.environ.get('MLFLOW_TRACKING_TOKEN', '')}"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
        return found

    def _members(self) -> list[psutil.Process]:
        if self.process is None:
            raise RuntimeError("it does not run")
        family = psutil.Process(self.process.pid)
        return [*family.children(recursive=True), family]

    def _started(self, command: list[str], health: str) -> float:
        # Both may keep their compiled modules, as they do wherever they are installed.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**inherited, **self.environment}, stdout=log, stderr=log
            )
        wait_until_answering(self.process, health, seconds=_START_SECONDS)
        return time.perf_counter() - began


@dataclass
class Zaffre(Server):
    """Ours, as `zaffre up` runs it.

    Attributes:
        python: The interpreter of its environment.
    """

    python: Path = Path(sys.executable)

    def start(self) -> float:
        """Start it and return after how many seconds it answered."""
        port = free_port()
        self.environment["ZAFFRE_HOME"] = str(self.folder / "home")
        command = [str(self.python), "-m", "zaffre", "up", "--foreground", "--port", str(port)]
        took = self._started(command, f"http://127.0.0.1:{port}/health")
        self.url = f"http://127.0.0.1:{port}"
        os.environ["MLFLOW_TRACKING_TOKEN"] = (self.folder / "home" / "token").read_text()
        return took

    def fill(self, numbers: range) -> None:
        """Put runs into the store through its own room."""
        asyncio.run(_fill_zaffre(self.folder / "home" / "data" / "zaffre.db", numbers))


@dataclass
class Mlflow(Server):
    """MLflow's own server on SQLite, with the artifact proxy.

    Attributes:
        python: The interpreter of its environment.
    """

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


@dataclass
class AtOnce(Server):
    """Answers at once and keeps nothing: what is left is what the client itself takes.

    Attributes:
        example: The server whose page of runs it answers.
    """

    example: Server | None = None

    def start(self) -> float:
        """Start it and return after how many seconds it answered."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(_AT_ONCE_FILE), str(port), str(self.folder)]
        return self._started(command, self.url)

    def fill(self, numbers: range) -> None:
        """Learn the page that the example answers; it runs meanwhile."""
        if self.example is None:
            raise RuntimeError("there is no example to learn from")
        experiment = self.example.asked("experiments/get-by-name?experiment_name=bench")
        asked = {"experiment_ids": [experiment["experiment"]["experiment_id"]]}
        page = self.example.asked("runs/search", {**asked, "max_results": _PAGE})
        if len(page["runs"]) != min(_PAGE, numbers.stop):
            raise RuntimeError(f"the example answered {len(page['runs'])} runs")
        (self.folder / "search.json").write_text(json.dumps(page))


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Logged(NamedTuple):
    """What was logged of a run; the same with both servers."""

    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]


def _logged(number: int) -> Logged:
    chance = random.Random(number)  # noqa: S311 - figures, not secrets
    return Logged(
        params={"lr": chance.choice(WORDS), **{f"p{i}": str(i) for i in range(4)}},
        metrics={"acc": chance.random(), **{f"m{i}": chance.random() for i in range(4)}},
        tags={"kind": "bench", "team": chance.choice(WORDS)},
    )


def _fill_mlflow(raw: sqlite3.Connection, numbers: range) -> None:
    (experiment,) = raw.execute(
        "SELECT experiment_id FROM experiments WHERE name = 'bench'"
    ).fetchone()
    columns = [row[1] for row in raw.execute("PRAGMA table_info(latest_metrics)")]
    begin = int(time.time() * 1000) - numbers.stop
    for number in numbers:
        run, logged = f"{number:032x}", _logged(number)
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
            [(run, *pair) for pair in logged.params.items()],
        )
        raw.executemany(
            "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)",
            [(run, *pair) for pair in logged.tags.items()],
        )
        for table in ("metrics", "latest_metrics"):
            named = "run_uuid, key, value, timestamp, step, is_nan"
            if not set(named.split(", ")) <= set(columns):
                raise RuntimeError(f"{table} has {columns}")
            raw.executemany(
                f"INSERT INTO {table} ({named}) VALUES (?, ?, ?, ?, 0, 0)",  # noqa: S608 - ours
                [(run, *pair, begin + number) for pair in logged.metrics.items()],
            )


async def _fill_zaffre(path: Path, numbers: range) -> None:
    database = open_database(path)
    begin = datetime.now(UTC) - timedelta(milliseconds=numbers.stop)
    try:
        for first in range(0, len(numbers), _FILLED_AT_ONCE):
            some = numbers[first : first + _FILLED_AT_ONCE]
            await database.write(lambda stores, some=some: _add(stores, some, begin))
    finally:
        await database.close()


def _add(stores: Stores, numbers: range, begin: datetime) -> None:
    [workspace] = stores.workspaces.list()
    experiment = stores.experiments.find(workspace.id, "bench")
    if experiment is None:
        raise RuntimeError("the client has not made the experiment yet")
    for number in numbers:
        at = begin + timedelta(milliseconds=number)
        run_id, logged = f"{number:032x}", _logged(number)
        add_run(stores, experiment, OldRun(id=run_id, number=number, at=at, **logged._asdict()))


def measured(python: Path, server: Server, measure: str, count: int) -> float:
    """Return what the genuine client measured against a server; infinity when it gave up."""
    try:
        done = subprocess.run(
            [python, _CLIENT_FILE, server.url, measure, str(count)],
            check=True,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return math.inf
    return float(json.loads(done.stdout.split()[-1]))
