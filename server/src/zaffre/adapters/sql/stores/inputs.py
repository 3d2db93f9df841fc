"""What runs read, in SQL."""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.hot import HotSelect
from zaffre.adapters.sql.rows import columns_of, insert_new, values_of
from zaffre.adapters.sql.stores.conditions import asked, label_value
from zaffre.adapters.sql.stores.params import key_of_run
from zaffre.adapters.sql.tables import run_inputs, runs
from zaffre.domain.inputs import CONTEXT_TAG, InputKind, ReadDataset, RunInput
from zaffre.domain.runs import Run

_insert = insert_new(run_inputs)
_fields = columns_of(run_inputs, RunInput)
_NAMES = tuple(column.name for column in _fields)
_of = HotSelect(
    select(runs.c.id, *_fields)
    .join(run_inputs, run_inputs.c.run_key == runs.c.key)
    .where(runs.c.workspace_id == bindparam("workspace"), runs.c.id.in_(asked("runs")))
    .order_by(run_inputs.c.key)
)
_datasets = (
    select(
        runs.c.experiment_id,
        run_inputs.c.name,
        run_inputs.c.digest,
        label_value(run_inputs.c.tags, CONTEXT_TAG).label("context"),
    )
    .join(run_inputs, run_inputs.c.run_key == runs.c.key)
    .where(
        runs.c.workspace_id == bindparam("workspace"),
        runs.c.experiment_id.in_(bindparam("experiments", expanding=True)),
        run_inputs.c.kind == InputKind.DATASET,
    )
    .distinct()
    .order_by(run_inputs.c.name, run_inputs.c.digest, runs.c.experiment_id, "context")
    .limit(bindparam("most"))
)


class SqlInputStore:
    """Implements `ports.tracking.InputStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run, inputs: Iterable[RunInput]) -> None:
        """Add those that are new to the run; by kind, name and digest."""
        owner = {"run_key": key_of_run(self._connection, run)}
        rows = [owner | values_of(run_inputs, read) for read in inputs]
        if rows:
            self._connection.execute(_insert, rows)

    def of(self, workspace_id: str, run_ids: Sequence[str]) -> dict[str, list[RunInput]]:
        """Return the inputs of many runs, in order of arrival; runs without are left out."""
        found: dict[str, list[RunInput]] = {}
        these = {"workspace": workspace_id, "runs": json.dumps(list(run_ids))}
        for run_id, *fields in _of.all(self._connection, these):
            read = RunInput(**dict(zip(_NAMES, fields, strict=True)))
            found.setdefault(run_id, []).append(read)
        return found

    def datasets(
        self, workspace_id: str, experiment_ids: Sequence[str], *, limit: int
    ) -> list[ReadDataset]:
        """Return the datasets that runs of these experiments read, each but once."""
        these = {"workspace": workspace_id, "experiments": list(experiment_ids), "most": limit}
        rows = self._connection.execute(_datasets, these)
        return [ReadDataset(**row._mapping) for row in rows]  # noqa: SLF001 - the documented way
