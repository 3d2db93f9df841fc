"""How long searches take in a workspace with very many runs, inside the server's own stores.

Usage: python bench/bench_search.py [RUNS]
"""

import asyncio
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filling import OldRun, add_run
from zaffre.adapters.sql import open_database
from zaffre.adapters.vaults.aes import AesVault
from zaffre.base.clock import system_clock
from zaffre.base.ids import new_id, new_secret
from zaffre.domain.access import OWNER, Principal
from zaffre.domain.experiments import Experiment
from zaffre.domain.runs import RunState
from zaffre.domain.search import Place, RunSearch
from zaffre.domain.workspaces import Workspace
from zaffre.engine.wakeup import EngineWakeup
from zaffre.ports.stores import Stores
from zaffre.protocols.mlflow.grammar.runs import run_conditions, run_order
from zaffre.protocols.mlflow.messages import encode
from zaffre.protocols.mlflow.run_json import from_tracked_run
from zaffre.services.context import Context
from zaffre.services.work import Services, Work

START = datetime(2026, 1, 1, tzinfo=UTC)
CALLER = Principal(name="owner", permissions=OWNER)
WORKSPACE = Workspace(
    id="w",
    name="w",
    subscription_id="",
    resource_group="",
    location="",
    friendly_name="",
    description="",
    created_at=START,
)
EXPERIMENTS = [
    Experiment(id=name, workspace_id="w", name=name, created_at=START, updated_at=START)
    for name in ("e0", "e1", "e2", "e3")
]
AT_ONCE = 1000
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


def fill(stores: Stores, numbers: range) -> None:
    """Add runs with params, tags and metrics."""
    chance = random.Random(numbers.start)  # noqa: S311 - figures, not secrets
    for number in numbers:
        rare = str(number // 10)
        old = OldRun(
            id=f"{chance.getrandbits(128):032x}",
            number=number,
            at=START + timedelta(seconds=number),
            params={
                **{f"p{index}": str(chance.randrange(5)) for index in range(PARAMS)},
                "rare": rare,
            },
            metrics={f"m{index}": chance.random() for index in range(METRICS)},
            tags={"mlflow.user": "me", "team": "ab"[number % 2], "rare": rare},
            state=RunState.FAILED if number % 50 == 0 else RunState.COMPLETED,
        )
        add_run(stores, EXPERIMENTS[number % len(EXPERIMENTS)], old)


def begin(stores: Stores) -> None:
    """Add the workspace and its experiments."""
    stores.workspaces.add(WORKSPACE)
    for experiment in EXPERIMENTS:
        stores.experiments.add(experiment)


async def measure(runs: int, folder: Path) -> None:
    """Fill a database and print a line for each search."""
    transactions = open_database(folder / "zaffre.db")
    context = Context(
        clock=system_clock(),
        new_id=new_id,
        new_secret=new_secret,
        wakeup=EngineWakeup(asyncio.get_running_loop()),
        tokens_removed=lambda _: None,
        vault=AesVault("0" * 64),
    )
    try:
        await transactions.write(begin)
        begun = time.perf_counter()
        for first in range(0, runs, AT_ONCE):
            some = range(first, min(first + AT_ONCE, runs))
            await transactions.write(lambda stores, some=some: fill(stores, some))
        print(f"filled {runs} runs in {time.perf_counter() - begun:.1f} s")
        await search_all(Work(transactions, context))
    finally:
        await transactions.close()


async def search_all(work: Work) -> None:
    """Print a line for each search: of one experiment, and of all."""
    everything = tuple(experiment.id for experiment in EXPERIMENTS)
    for ids in (everything[:1], everything):
        for name, (text, order) in SEARCHES.items():
            search = RunSearch(
                experiment_ids=ids, conditions=run_conditions(text), order=run_order(order)
            )
            found, seconds = await work.read(lambda s, q=search: timed(s, q))
            print(f"{len(ids)} experiments  {name:20} {found:4} runs {seconds * 1000:9.2f} ms")


def timed(services: Services, search: RunSearch) -> tuple[int, float]:
    """Return how many runs the first page has, and the best time of three."""
    seconds = []
    count = 0
    for _ in range(3):
        begun = time.perf_counter()
        found = services.tracking.search("w", search, caller=CALLER, limit=100, place=Place())
        encode([from_tracked_run(one) for one in found])
        seconds.append(time.perf_counter() - begun)
        count = len(found)
    return count, min(seconds)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(wanted, Path(folder)))
