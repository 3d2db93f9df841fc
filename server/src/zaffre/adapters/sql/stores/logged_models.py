"""Logged models in SQL."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    bindparam,
    insert,
    select,
    update,
)

from zaffre.adapters.sql.hot import HotSelect
from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.stores.conditions import asked
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.logged_model_search import searched
from zaffre.adapters.sql.tables import (
    experiments,
    logged_model_metrics,
    logged_models,
    run_models,
    runs,
)
from zaffre.base.text import shown
from zaffre.domain.errors import NotFoundError
from zaffre.domain.logged_models import LoggedModel, LoggedModelMetric, RunModel
from zaffre.domain.runs import Run
from zaffre.ports.registry import LoggedModelSearch

_select = select(*columns_of(logged_models, LoggedModel)).where(
    logged_models.c.workspace_id == bindparam("workspace")
)
_by_id = _select.where(logged_models.c.id == bindparam("id"))
_any = select(logged_models.c.key).where(logged_models.c.workspace_id == bindparam("workspace"))
_name = select(experiments.c.name).where(experiments.c.id == bindparam("id"))
_insert = insert(logged_models)
_save = update(logged_models).where(
    logged_models.c.workspace_id == bindparam("workspace"),
    logged_models.c.id == bindparam("this_id"),
)
_key = select(logged_models.c.key).where(
    logged_models.c.workspace_id == bindparam("workspace"), logged_models.c.id == bindparam("id")
)
_workspace: BindParameter[str] = bindparam("workspace")
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_add_metrics = insert(logged_model_metrics)
_metrics = (
    select(logged_models.c.id, *columns_of(logged_model_metrics, LoggedModelMetric))
    .add_columns(logged_model_metrics.c.number)
    .join(logged_models, logged_models.c.key == logged_model_metrics.c.model_key)
    .where(logged_models.c.workspace_id == _workspace, logged_models.c.id.in_(_ids))
    .order_by(logged_model_metrics.c.key)
)
_run_key = select(runs.c.key).where(
    runs.c.workspace_id == bindparam("workspace"), runs.c.id == bindparam("run")
)
_link = insert_or_replace(run_models)
_links = HotSelect(
    select(runs.c.id, run_models.c.direction, run_models.c.model_id, run_models.c.step)
    .join(runs, runs.c.key == run_models.c.run_key)
    .where(runs.c.workspace_id == _workspace, runs.c.id.in_(asked("ids")))
    .order_by(run_models.c.run_key, run_models.c.direction, run_models.c.step)
)


class SqlLoggedModelStore:
    """Implements `ports.registry.LoggedModelStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, model: LoggedModel) -> None:
        """Add it."""
        self._connection.execute(_insert, values_of(logged_models, model))

    def get(self, workspace_id: str, model_id: str) -> LoggedModel:
        """Return it, archived or not."""
        this = {"workspace": workspace_id, "id": model_id}
        row = self._connection.execute(_by_id, this).one_or_none()
        if row is None:
            raise _missing(model_id)
        return entity_of(LoggedModel, row)

    def experiment_name(self, model: LoggedModel) -> str:
        """Return the name of the experiment that it belongs to."""
        name: str = self._connection.execute(_name, {"id": model.experiment_id}).scalar_one()
        return name

    def search(self, workspace_id: str, search: LoggedModelSearch) -> list[LoggedModel]:
        """Return those that are not archived."""
        rows = self._connection.execute(searched(_select, search), {"workspace": workspace_id})
        return [entity_of(LoggedModel, row) for row in rows]

    def exists(self, workspace_id: str) -> bool:
        """Tell whether the workspace has any."""
        first = self._connection.execute(_any.limit(1), {"workspace": workspace_id})
        return first.first() is not None

    def save(self, model: LoggedModel) -> None:
        """Replace status, tags, params and times."""
        values = {
            "workspace": model.workspace_id,
            "this_id": model.id,
            "status": model.status,
            "status_message": model.status_message,
            "tags": model.tags,
            "params": model.params,
            "updated_at": model.updated_at,
            "archived_at": model.archived_at,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise _missing(model.id)

    def add_metrics(self, model: LoggedModel, metrics: Iterable[LoggedModelMetric]) -> None:
        """Keep what was measured."""
        this = {"workspace": model.workspace_id, "id": model.id}
        key = self._connection.execute(_key, this).scalar_one_or_none()
        if key is None:
            raise _missing(model.id)
        rows = [
            values_of(logged_model_metrics, metric)
            | {
                "model_key": key,
                "number": None if math.isnan(metric.value) else metric.value,
            }
            for metric in metrics
        ]
        if rows:
            self._connection.execute(_add_metrics, rows)

    def metrics(self, found: Sequence[LoggedModel]) -> dict[str, list[LoggedModelMetric]]:
        """Return what was measured of each, by model id, in order of arrival."""
        measured: dict[str, list[LoggedModelMetric]] = {model.id: [] for model in found}
        for some in chunks(found):
            these = {"workspace": some[0].workspace_id, "ids": [model.id for model in some]}
            for row in self._connection.execute(_metrics, these):
                measured[row.id].append(_metric(row))
        return measured

    def link(self, run: Run, links: Iterable[RunModel]) -> None:
        """Note that the run made or read these."""
        this = {"workspace": run.workspace_id, "run": run.id}
        key = self._connection.execute(_run_key, this).scalar_one()
        for link in links:
            self._connection.execute(_link, values_of(run_models, link) | {"run_key": key})

    def links(self, found: Sequence[Run]) -> dict[str, list[RunModel]]:
        """Return what each run made and read, by run id."""
        linked: dict[str, list[RunModel]] = {}
        if not found:
            return linked
        ids = json.dumps([run.id for run in found])
        these = {"workspace": found[0].workspace_id, "ids": ids}
        for run_id, *link in _links.all(self._connection, these):
            linked.setdefault(run_id, []).append(RunModel(*link))
        return linked


def _metric(row: "Row[Any]") -> LoggedModelMetric:
    return LoggedModelMetric(
        run_id=row.run_id,
        name=row.name,
        value=math.nan if row.number is None else row.number,
        step=row.step,
        time=row.time,
        dataset_name=row.dataset_name,
        dataset_digest=row.dataset_digest,
    )


def _missing(model_id: str) -> NotFoundError:
    return NotFoundError(
        "LoggedModelNotFound",
        f"There is no logged model {shown(model_id)} here.",
        target="model_id",
        hint="Check the id, and the workspace that the logged model is in.",
        name=model_id,
    )
