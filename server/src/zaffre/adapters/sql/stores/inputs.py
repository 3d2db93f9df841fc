"""What runs read, in SQL."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.rows import columns_of, insert_new, values_of
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.params import key_of_run
from zaffre.adapters.sql.tables import run_inputs, runs
from zaffre.domain.inputs import RunInput
from zaffre.domain.runs import Run

_insert = insert_new(run_inputs)
_of = (
    select(runs.c.id, *columns_of(run_inputs, RunInput))
    .join(run_inputs, run_inputs.c.run_key == runs.c.key)
    .where(
        runs.c.workspace_id == bindparam("workspace"),
        runs.c.id.in_(bindparam("runs", expanding=True)),
    )
    .order_by(run_inputs.c.key)
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
        for some in chunks(run_ids):
            asked = {"workspace": workspace_id, "runs": some}
            for row in self._connection.execute(_of, asked).all():
                fields = dict(row._mapping)  # noqa: SLF001 - the documented way to the names
                found.setdefault(fields.pop("id"), []).append(RunInput(**fields))
        return found
