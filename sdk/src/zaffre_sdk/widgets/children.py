"""The runs below a run: one row each, with what was asked of it and what came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from zaffre_sdk.client import WorkspaceClient
from zaffre_sdk.tracking.watching import TERMINAL
from zaffre_sdk.widgets.cells import number, plain
from zaffre_sdk.wire.runs import RunOut

MOST_CHILDREN = 200
_OURS = "zaffre/"


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
        return {
            "id": child.id,
            "name": child.display_name or child.id,
            "number": child.number,
            "state": child.state,
            "started_at": child.started_at,
            "ended_at": child.ended_at,
            "parameters": parameters(child),
            "metrics": metrics,
        }

    def _metrics(self, child: RunOut) -> dict[str, Any]:
        if child.started_at is None:
            return {}
        return {
            metric.name: plain(metric.last)
            for metric in self._workspace.metrics.summaries(child.id)
            if metric.kind == "scalar" and not metric.name.startswith(_OURS)
        }


def parameters(run: RunOut) -> dict[str, Any]:
    """Return what a run was asked to do with: its arguments of the form `--name value`."""
    return dict(_pairs([*run.spec.command, *run.spec.arguments]))


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for word, following in zip(words, [*words[1:], "--"]):
        name, equals, value = word.partition("=")
        if not name.startswith("--") or len(name) <= len("--"):
            continue
        if equals:
            yield name[2:], _typed(value)
        elif not following.startswith("--"):
            yield name[2:], _typed(following)


def _typed(text: str) -> Any:  # noqa: ANN401 (a number where it reads as one)
    try:
        value = float(text)
    except ValueError:
        return plain(text)
    if number(value) is None:
        return plain(text)
    return plain(int(value)) if value.is_integer() else value
