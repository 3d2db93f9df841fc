"""Experiments in SQL."""

from sqlalchemy import Connection, bindparam, select, update

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_new, values_of
from zaffre.adapters.sql.tables import experiments
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.experiments import Experiment

_select = select(*columns_of(experiments, Experiment)).where(
    experiments.c.workspace_id == bindparam("workspace")
)
_by_name = _select.where(experiments.c.name == bindparam("name"))
_page = (
    _select.where(experiments.c.name > bindparam("after"))
    .order_by(experiments.c.name)
    .limit(bindparam("limit"))
)
_insert = insert_new(experiments)
_save = update(experiments).where(experiments.c.id == bindparam("experiment"))


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
        row = self._connection.execute(_by_name, names).one_or_none()
        return None if row is None else entity_of(Experiment, row)

    def list(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Experiment]:
        """Return them by name, those behind the name `after`."""
        page = {"workspace": workspace_id, "limit": limit, "after": after or ""}
        return [entity_of(Experiment, row) for row in self._connection.execute(_page, page)]

    def save(self, experiment: Experiment) -> None:
        """Replace what can change."""
        values = {
            "experiment": experiment.id,
            "tags": experiment.tags,
            "description": experiment.description,
            "archived_at": experiment.archived_at,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise missing("experiment", experiment.name)
