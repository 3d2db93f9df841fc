"""How long searches take in a workspace with very many runs, inside the server's own stores.

Usage: python bench/bench_search.py [RUNS]
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from zaffre.adapters.sql import open_database
from zaffre.domain.experiments import Experiment
from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint
from zaffre.domain.runs import Run, RunKind, RunSpec, RunState
from zaffre.domain.search import Place, RunSearch
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import Stores
from zaffre.protocols.mlflow.grammar.runs import run_conditions, run_order
from zaffre.protocols.mlflow.messages import encode
from zaffre.protocols.mlflow.run_json import from_tracked_run
from zaffre.services.tracking import TrackingService

START = datetime(2026, 1, 1, tzinfo=UTC)
EXPERIMENTS = 4
PARAMS = 10
METRICS = 5
SEARCHES: dict[str, tuple[str, list[str]]] = {
    "default order": ("", []),
    "rare param": ("params.rare = '17'", []),
    "common param": ("params.p1 = '1'", []),
    "rare tag": ("tags.rare = '17'", []),
    "common tag": ("tags.team = 'a'", []),
    "run name": ("attributes.run_name = 'run-17'", []),
    "name like": ("attributes.run_name LIKE '%-1717%'", []),
    "status": ("attributes.status = 'FAILED'", []),
    "metric > (many)": ("metrics.m0 > 0.5", []),
    "metric > (none)": ("metrics.m0 > 5", []),
    "param like (none)": ("params.p1 LIKE '%x%'", []),
    "order by metric": ("", ["metrics.m0 DESC"]),
    "order by param": ("", ["params.p1 ASC"]),
    "metric, by metric": ("metrics.m0 > 0.9 and params.p1 = '1'", ["metrics.m1 ASC"]),
}


def fill(stores: Stores, first: int, count: int) -> None:
    """Add runs with params, tags and metrics."""
    chance = random.Random(first)  # noqa: S311 - figures, not secrets
    for number in range(first, first + count):
        at = START + timedelta(seconds=number)
        experiment = f"e{number % EXPERIMENTS}"
        run = Run(
            id=f"{chance.getrandbits(128):032x}",
            workspace_id="w",
            experiment_id=experiment,
            experiment_name=experiment,
            parent_id=None,
            number=number,
            spec=RunSpec(kind=RunKind.INTERACTIVE),
            state=RunState.FAILED if number % 50 == 0 else RunState.COMPLETED,
            display_name=f"run-{number}",
            tags={"mlflow.user": "me", "team": "ab"[number % 2], "rare": str(number // 10)},
            created_by="owner",
            created_at=at,
            started_at=at,
            ended_at=at,
        )
        stores.runs.add(run)
        params = {f"p{index}": str(chance.randrange(5)) for index in range(PARAMS)}
        stores.params.add(run, params | {"rare": str(number // 10)})
        points = [
            MetricPoint(f"m{index}", MetricKind.SCALAR, chance.random(), 0, at)
            for index in range(METRICS)
        ]
        stores.metrics.append(run, MetricBatch.of("w", 1, points))


async def measure(runs: int, folder: Path) -> None:
    """Fill a database and print a line for each search."""
    transactions = open_database(folder / "zaffre.db")

    def begin(stores: Stores) -> None:
        names: dict[str, Any] = dict.fromkeys(
            ("subscription_id", "resource_group", "location", "friendly_name", "description"), ""
        )
        stores.workspaces.add(Workspace(id="w", name="w", created_at=START, **names))
        for number in range(EXPERIMENTS):
            name = f"e{number}"
            stores.experiments.add(
                Experiment(
                    id=name, workspace_id="w", name=name, created_at=START, updated_at=START
                )
            )

    await transactions.write(begin)
    begun = time.perf_counter()
    for first in range(0, runs, 1000):
        await transactions.write(lambda stores, first=first: fill(stores, first, 1000))
    print(f"filled {runs} runs in {time.perf_counter() - begun:.1f} s")
    everything = tuple(f"e{number}" for number in range(EXPERIMENTS))
    for ids in (("e0",), everything):
        for name, (text, order) in SEARCHES.items():
            search = RunSearch(
                experiment_ids=ids, conditions=run_conditions(text), order=run_order(order)
            )
            found, seconds = await transactions.read(lambda s, q=search: timed(s, q))
            print(f"{len(ids)} experiments  {name:20} {found:4} runs {seconds * 1000:9.2f} ms")
    await transactions.close()


def timed(stores: Stores, search: RunSearch) -> tuple[int, float]:
    """Return how many runs the first page has, and the best time of three."""
    seconds = []
    found: list[Any] = []
    service = TrackingService(stores, None)  # type: ignore[arg-type] - reading asks no clock
    for _ in range(3):
        begun = time.perf_counter()
        found = service._whole(  # noqa: SLF001 - what a search does after it asked who calls
            "w", stores.run_search.search("w", search, limit=100, place=Place())
        )
        encode([from_tracked_run(one) for one in found])
        seconds.append(time.perf_counter() - begun)
    return len(found), min(seconds)


if __name__ == "__main__":
    count: Callable[[], int] = lambda: int(sys.argv[1]) if len(sys.argv) > 1 else 100_000  # noqa: E731
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(count(), Path(folder)))
