"""Experiments in SQL."""

from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Double,
    bindparam,
    func,
    select,
    type_coerce,
    update,
)

from zaffre.adapters.sql.hot import HotSelect
from zaffre.adapters.sql.rows import columns_of, entity_of, insert_new, values_of
from zaffre.adapters.sql.stores.conditions import compared, compared_times, label_value
from zaffre.adapters.sql.tables import experiments, models, runs
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.experiments import Experiment
from zaffre.domain.search import (
    TIMES,
    Condition,
    ExperimentField,
    ExperimentSearch,
    Lifecycle,
    OrderKey,
    Subject,
)

_select = select(*columns_of(experiments, Experiment)).where(
    experiments.c.workspace_id == bindparam("workspace")
)
_by_name = HotSelect(_select.where(experiments.c.name == bindparam("name")))
_by_id = HotSelect(_select.where(experiments.c.id == bindparam("experiment")))
_page = (
    _select.where(experiments.c.name > bindparam("after"))
    .order_by(experiments.c.name)
    .limit(bindparam("limit"))
)
_insert = insert_new(experiments)
_save = update(experiments).where(experiments.c.id == bindparam("experiment"))
_after: BindParameter[str] = bindparam("after")
_rename = update(experiments).where(experiments.c.id == bindparam("of")).values(name=_after)
_rename_in_runs = (
    update(runs).where(runs.c.experiment_id == bindparam("of")).values(experiment_name=_after)
)
_rename_in_models = (
    update(models)
    .where(
        models.c.workspace_id == bindparam("in"), models.c.experiment_name == bindparam("before")
    )
    .values(experiment_name=_after)
)


class SqlExperimentStore:
    """Implements `ports.stores.ExperimentStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, experiment: Experiment) -> None:
        """Add it."""
        if not self._connection.execute(_insert, values_of(experiments, experiment)).rowcount:
            raise ConflictError(
                "ExperimentExists",
                f"The workspace has an experiment {shown(experiment.name)}.",
                target="name",
                hint="Use the experiment there is, or another name.",
            )

    def find(self, workspace_id: str, name: str) -> Experiment | None:
        """Return the experiment of that name."""
        names = {"workspace": workspace_id, "name": name}
        return _by_name.entity(Experiment, self._connection, names)

    def get(self, workspace_id: str, experiment_id: str) -> Experiment:
        """Return it by its id."""
        this = {"workspace": workspace_id, "experiment": experiment_id}
        found = _by_id.entity(Experiment, self._connection, this)
        if found is None:
            raise missing("experiment", experiment_id)
        return found

    def search(
        self, workspace_id: str, search: ExperimentSearch, *, limit: int, offset: int = 0
    ) -> list[Experiment]:
        """Return the experiments that meet every condition, from the place `offset` on."""
        wanted = [experiments.c.workspace_id == workspace_id]
        if search.lifecycle is not Lifecycle.ALL:
            archived = experiments.c.archived_at
            is_active = search.lifecycle is Lifecycle.ACTIVE
            wanted.append(archived.is_(None) if is_active else archived.is_not(None))
        wanted += map(_condition, search.conditions)
        order = [_order(key) for key in search.order] or [experiments.c.created_at.desc()]
        statement = (
            select(*columns_of(experiments, Experiment))
            .where(*wanted)
            .order_by(*order, experiments.c.id)
            .limit(limit)
            .offset(offset)
        )
        return [entity_of(Experiment, row) for row in self._connection.execute(statement)]

    def list(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Experiment]:
        """Return them by name, those behind the name `after`."""
        page = {"workspace": workspace_id, "limit": limit, "after": after or ""}
        return [entity_of(Experiment, row) for row in self._connection.execute(_page, page)]

    def save(self, experiment: Experiment) -> None:
        """Replace what can change."""
        values = {
            "experiment": experiment.id,
            "name": experiment.name,
            "tags": experiment.tags,
            "description": experiment.description,
            "updated_at": experiment.updated_at,
            "archived_at": experiment.archived_at,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise missing("experiment", experiment.name)

    def rename(self, experiment: Experiment, name: str) -> None:
        """Give it a name that is free, here and where its runs and models carry it."""
        names = {"of": experiment.id, "in": experiment.workspace_id}
        names |= {"before": experiment.name, "after": name}
        self._connection.execute(_rename, names)
        self._connection.execute(_rename_in_runs, names)
        self._connection.execute(_rename_in_models, names)


def _condition(condition: Condition) -> "ColumnElement[bool]":
    comparison, value = condition.comparison, condition.value
    if condition.subject is Subject.TAG:
        found = label_value(experiments.c.tags, condition.name)
        return compared(found, comparison, value)
    column = _column(condition.name)
    if condition.name in TIMES:
        return compared_times(column, comparison, value)
    return compared(column, comparison, value)


def _order(key: OrderKey) -> "ColumnElement[Any]":
    column = _column(key.name)
    directed: ColumnElement[Any] = column.desc() if key.descending else column.asc()
    return directed


def _column(name: str) -> Any:  # noqa: ANN401 - of any type
    return {
        ExperimentField.ID: experiments.c.id,
        ExperimentField.NAME: experiments.c.name,
        ExperimentField.DESCRIPTION: func.nullif(experiments.c.description, ""),
        ExperimentField.CREATED: type_coerce(experiments.c.created_at, Double),
        ExperimentField.UPDATED: type_coerce(experiments.c.updated_at, Double),
    }[ExperimentField(name)]
