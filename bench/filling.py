"""Runs that are put straight into the stores, for searches among very many."""

from dataclasses import dataclass
from datetime import datetime

from zaffre.domain.experiments import Experiment
from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint
from zaffre.domain.runs import Run, RunKind, RunSpec, RunState
from zaffre.ports.stores import Stores


@dataclass(frozen=True, kw_only=True)
class OldRun:
    """A run that ended in the moment in which it began."""

    id: str
    number: int
    at: datetime
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    state: RunState = RunState.COMPLETED


def add_run(stores: Stores, experiment: Experiment, old: OldRun) -> None:
    """Add a run with its params, tags and metrics."""
    run = Run(
        id=old.id,
        workspace_id=experiment.workspace_id,
        experiment_id=experiment.id,
        experiment_name=experiment.name,
        parent_id=None,
        number=old.number,
        spec=RunSpec(kind=RunKind.INTERACTIVE),
        state=old.state,
        display_name=f"run-{old.number}",
        tags=old.tags,
        created_by="owner",
        created_at=old.at,
        started_at=old.at,
        ended_at=old.at,
    )
    stores.runs.add(run)
    stores.params.add(run, old.params)
    points = [
        MetricPoint(name, MetricKind.SCALAR, value, 0, old.at)
        for name, value in old.metrics.items()
    ]
    stores.metrics.append(run, MetricBatch.of("bench", 1, points))
