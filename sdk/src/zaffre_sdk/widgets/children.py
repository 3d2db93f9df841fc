"""The runs below a run: one row each, with what was asked of it and what came out."""

from __future__ import annotations

from itertools import islice
from typing import Any

from zaffre_sdk.client import WorkspaceClient
from zaffre_sdk.tracking.watching import TERMINAL
from zaffre_sdk.widgets.cells import plain
from zaffre_sdk.widgets.heads import standing
from zaffre_sdk.wire.metrics import MEASURED
from zaffre_sdk.wire.runs import RunOut

MOST_CHILDREN = 200


class Children:
    """The runs below one run; those that ended are read once."""

    def __init__(self, workspace: WorkspaceClient, run_id: str) -> None:
        self._workspace = workspace
        self._run_id = run_id
        self._ended: dict[str, dict[str, Any]] = {}

    def look(self) -> list[dict[str, Any]]:
        """Return the newest children, the oldest of them first."""
        found = list(islice(self._workspace.runs.list(parent=self._run_id), MOST_CHILDREN))
        return [self._row(child) for child in reversed(found)]

    def _row(self, child: RunOut) -> dict[str, Any]:
        metrics = self._ended.get(child.id)
        if metrics is None:
            metrics = self._metrics(child)
            if child.state in TERMINAL:
                self._ended[child.id] = metrics
        return {**standing(child), "metrics": metrics}

    def _metrics(self, child: RunOut) -> dict[str, Any]:
        if child.started_at is None:
            return {}
        return {
            metric.name: plain(metric.last)
            for metric in self._workspace.metrics.summaries(child.id)
            if metric.kind == "scalar" and not metric.name.startswith(MEASURED)
        }
