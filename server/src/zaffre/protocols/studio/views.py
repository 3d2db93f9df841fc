"""What a run's page shows, gathered in one reading transaction."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from zaffre_sdk.wire.metrics import MEASURED

from zaffre.domain.access import Principal
from zaffre.domain.artifacts import Artifact
from zaffre.domain.data_uses import KnownUse
from zaffre.domain.datasets import Dataset
from zaffre.domain.metrics import MetricKind, MetricSummary, is_finite_number
from zaffre.domain.runs import Run
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import RunFilter
from zaffre.protocols.studio.charts import line_chart
from zaffre.services.work import Services

MAX_CHARTS = 24
MAX_FILES = 200
MAX_DATA = 200
CHART_POINTS = 200
MAX_CHILDREN = 200
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A metric as a curve."""

    name: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with what it logged and left behind."""

    workspace: Workspace
    run: Run
    parent: Run | None
    children: list[Run]
    params: dict[str, str]
    metrics: list[MetricSummary]
    charts: list[Drawing]
    images: list[Artifact]
    artifacts: list[Artifact]
    uses: list[KnownUse]
    made: list[Dataset]
    waits_for: str | None

    def shown(self) -> dict[str, Any]:
        """Return the names that the template uses."""
        return {
            "workspace": self.workspace,
            "run": self.run,
            "parent": self.parent,
            "children": self.children,
            "params": self.params,
            "metrics": self.metrics,
            "charts": self.charts,
            "images": [{"name": image.path, "path": image.path} for image in self.images],
            "artifacts": self.artifacts,
            "uses": self.uses,
            "made": self.made,
            "waits_for": self.waits_for,
        }


def image_type(path: str) -> str | None:
    """Return the media type of a picture that a page may show, by the ending of its name."""
    return next((kind for ending, kind in _IMAGES.items() if path.lower().endswith(ending)), None)


def view_run(services: Services, workspace_id: str, run_id: str, *, caller: Principal) -> RunView:
    """Return everything that the page of a run shows but its log."""
    workspace = services.workspaces.get(workspace_id, caller=caller)
    run = services.runs.get(workspace_id, run_id, caller=caller)
    # What the program logged comes before what zaffre measured of it.
    metrics = sorted(
        services.metrics.summaries(workspace_id, run_id, caller=caller),
        key=lambda metric: metric.name.startswith(MEASURED),
    )
    artifacts = list(services.artifacts.list(workspace_id, run_id, caller=caller, limit=MAX_FILES))
    return RunView(
        workspace=workspace,
        run=run,
        parent=_parent(services, run, caller=caller),
        children=services.runs.list(
            workspace_id, RunFilter(parent_id=run_id), caller=caller, limit=MAX_CHILDREN
        ),
        params=services.params.of(workspace_id, run_id, caller=caller),
        metrics=metrics,
        charts=_charts(services, run, metrics, caller=caller),
        images=[artifact for artifact in artifacts if image_type(artifact.path)],
        artifacts=artifacts,
        waits_for=services.scheduling.why(run),
        **_data(services, run, caller=caller),
    )


def _parent(services: Services, run: Run, *, caller: Principal) -> Run | None:
    if run.parent_id is None:
        return None
    return services.runs.get(run.workspace_id, run.parent_id, caller=caller)


def _data(services: Services, run: Run, *, caller: Principal) -> dict[str, list[Any]]:
    """Return what a run read and made, and what else it registered."""
    this = (run.workspace_id, run.id)
    uses = [known for _, known in services.data_uses.of_run(*this, caller=caller, limit=MAX_DATA)]
    named = {known.use.dataset_id for known in uses}
    made = services.datasets.of_run(*this, caller=caller, limit=MAX_DATA)
    return {"uses": uses, "made": [dataset for dataset in made if dataset.id not in named]}


def _charts(
    services: Services, run: Run, metrics: list[MetricSummary], *, caller: Principal
) -> list[Drawing]:
    drawn = [
        metric
        for metric in metrics
        if metric.kind is MetricKind.SCALAR and metric.count > 1 and metric.minimum is not None
    ]
    curves = (
        (metric.name, _points(services, run, metric.name, caller=caller))
        for metric in drawn[:MAX_CHARTS]
    )
    # A sample of what is hardly ever a number may have none.
    return [Drawing(name, line_chart(points)) for name, points in curves if points]


def _points(
    services: Services, run: Run, name: str, *, caller: Principal
) -> list[tuple[float, float]]:
    sample = services.metrics.sample(
        run.workspace_id, run.id, name, size=CHART_POINTS, caller=caller
    )
    return [
        (float(position if point.step is None else point.step), float(point.value))
        for position, point in sample
        if isinstance(point.value, int | float) and is_finite_number(point.value)
    ]
