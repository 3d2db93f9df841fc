"""Logs metrics to a database until it is killed and prints each batch that is acknowledged."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from zaffre.adapters.sql.database import open_database
from zaffre.domain.experiments import Experiment
from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint
from zaffre.domain.runs import Run, RunKind, RunSpec, RunState
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import Stores
from zaffre.ports.transactions import Transactions

TIME = datetime(2024, 1, 1, tzinfo=UTC)
RUN = Run(
    id="r",
    workspace_id="w",
    experiment_id="e",
    experiment_name="e",
    parent_id=None,
    number=1,
    spec=RunSpec(kind=RunKind.SCRIPT),
    state=RunState.RUNNING,
    display_name="",
    created_at=TIME,
)


def fill(s: Stores) -> None:
    workspace = Workspace(
        id="w",
        subscription_id="s",
        resource_group="g",
        name="w",
        location="",
        friendly_name="",
        description="",
        created_at=TIME,
    )
    s.workspaces.add(workspace)
    experiment = Experiment(id="e", workspace_id="w", name="e", created_at=TIME, updated_at=TIME)
    s.experiments.add(experiment)
    s.runs.add(RUN)


async def log_for_ever(database: Transactions, writer: str, count: int) -> None:
    sequence = 0
    while True:
        sequence += 1
        points = tuple(
            MetricPoint(f"metric {n % 2}", MetricKind.SCALAR, float(n), sequence, TIME)
            for n in range(count)
        )
        batch = MetricBatch.of(writer, sequence, points)
        await database.write(lambda s, batch=batch: s.metrics.append(RUN, batch))
        os.write(1, f"{writer} {sequence}\n".encode())


async def main(path: Path, attempt: str, count: int) -> None:
    database = open_database(path)
    if not await database.read(lambda s: s.workspaces.list()):
        await database.write(fill)
    await asyncio.gather(
        *(log_for_ever(database, f"{attempt}-{number}", count) for number in range(8))
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
