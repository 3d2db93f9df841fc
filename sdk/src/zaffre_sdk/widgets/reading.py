"""Reading a run for people to look at: only what changed since the last look is fetched."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from zaffre_sdk.client import WorkspaceClient
from zaffre_sdk.errors import SdkError
from zaffre_sdk.widgets.children import Children
from zaffre_sdk.widgets.documents import document_figure
from zaffre_sdk.widgets.figures import Figure, figure
from zaffre_sdk.widgets.heads import head
from zaffre_sdk.widgets.logs import LogTails
from zaffre_sdk.wire.metrics import MEASURED, MetricOut
from zaffre_sdk.wire.runs import RunOut

_POINTS = 400
_LARGEST_FILE = 2_000_000
# Only pictures that hold no text of a page; SVG is left to the studio.
_PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}
# Kinds that a sample would tear apart, while that is few enough to fetch.
_WHOLE = frozenset({"row", "table", "list", "image"})
_MOST_WHOLE = 2000


@dataclass
class RunView:
    """What is shown of a run, as JSON has it.

    Attributes:
        run: What the run is and how it stands.
        figures: Its metrics.
        images: The addresses (`data:`) of its pictures, by path.
        logs: The last lines of its logs, by path.
        children: The runs below it.
    """

    run: dict[str, Any]
    figures: list[Figure] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    children: list[dict[str, Any]] = field(default_factory=list)


class RunSight:
    """One run of a workspace, looked at again and again.

    Attributes:
        workspace: The workspace.
        run_id: The run.
    """

    def __init__(self, workspace: WorkspaceClient, run_id: str, *, page: str) -> None:
        """Make a sight; nothing is asked.

        Args:
            workspace: The workspace.
            run_id: The run.
            page: The address of the page about it.
        """
        self.workspace = workspace
        self.run_id = run_id
        self._page = page
        self._figures: dict[str, tuple[object, Figure]] = {}
        self._images: dict[str, str] = {}
        self._logs = LogTails(workspace.logs, run_id)
        self._children = Children(workspace, run_id)

    def look(self, run: RunOut | None = None) -> RunView:
        """Return the run as it is now; `run` spares asking for it."""
        found = run or self.workspace.runs.get(self.run_id)
        figures = self._metrics()
        self._forget_images(figures)
        return RunView(
            run=head(found, self._page),
            figures=figures,
            images=dict(self._images),
            logs=self._logs.look(),
            children=self._children.look(),
        )

    def _metrics(self) -> list[Figure]:
        shown = []
        for metric in self.workspace.metrics.summaries(self.run_id):
            if metric.name.startswith(MEASURED):
                continue
            mark = (metric.count, metric.updated_at)
            known = self._figures.get(metric.name)
            if known is None or known[0] != mark:
                known = self._figures[metric.name] = (mark, self._figure(metric))
            shown.append(known[1])
        return shown

    def _figure(self, metric: MetricOut) -> Figure:
        metrics = self.workspace.metrics
        if metric.kind in _WHOLE and metric.count <= _MOST_WHOLE:
            drawn = figure(metric, list(metrics.entries(self.run_id, name=metric.name)))
        else:
            entries = metrics.sample(self.run_id, metric.name, size=_POINTS)
            drawn = figure(metric, entries)
        if drawn["form"] == "images":
            self._bring_images(drawn["paths"])
        if drawn["form"] == "document":
            return document_figure(metric.name, metric.kind, self._bytes(drawn["paths"][-1]))
        return drawn

    def _bring_images(self, paths: list[str]) -> None:
        for path in paths:
            kind = _PICTURES.get(PurePosixPath(path).suffix.lower())
            data = self._bytes(path) if kind and path not in self._images else b""
            if data:
                self._images[path] = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"

    def _forget_images(self, figures: list[Figure]) -> None:
        """Keep the pictures that are shown; a run may log thousands one after the other."""
        shown = {path for one in figures if one["form"] == "images" for path in one["paths"]}
        for path in self._images.keys() - shown:
            del self._images[path]

    def _bytes(self, path: str) -> bytes:
        """Return a small file of the run; nothing when it is large or not there."""
        files = self.workspace.artifacts.list(self.run_id, prefix=path)
        size = next((file.size for file in files if file.path == path), None)
        if size is None or size > _LARGEST_FILE:
            return b""
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "file")
            try:
                self.workspace.artifacts.download(self.run_id, path, target)
            except SdkError:
                return b""  # A metric names what somebody deleted: the others are still shown.
            return target.read_bytes()
