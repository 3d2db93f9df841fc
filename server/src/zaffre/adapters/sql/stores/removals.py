"""What is being removed, in SQL: runs, experiments and snapshots, a slice at a time."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_new, values_of
from zaffre.adapters.sql.stores.doomed import doom
from zaffre.adapters.sql.stores.folders import take
from zaffre.adapters.sql.stores.foresight import foresee
from zaffre.adapters.sql.tables import (
    artifacts,
    endpoints,
    experiments,
    logged_models,
    metadata,
    metric_batches,
    metric_chunks,
    metric_series,
    models,
    owned_files,
    removals,
    runs,
    snapshot_files,
    snapshots,
    tokens,
)
from zaffre.domain.artifacts import OwnerKind
from zaffre.domain.removals import Removal, RemovalKind, Removed, Slice

_GONE = "removed"
_select = select(*columns_of(removals, Removal))
_this = (
    removals.c.workspace_id == bindparam("this_workspace"),
    removals.c.kind == bindparam("this_kind"),
    removals.c.target_id == bindparam("this_target"),
)
_add = insert_new(removals)
_run = select(runs.c.key, runs.c.snapshot_id).where(
    runs.c.workspace_id == bindparam("workspace"), runs.c.id == bindparam("run")
)
_chunks = delete(metric_chunks).where(
    tuple_(metric_chunks.c.series_key, metric_chunks.c.ordinal).in_(
        select(metric_chunks.c.series_key, metric_chunks.c.ordinal)
        .join(metric_series, metric_series.c.key == metric_chunks.c.series_key)
        .where(metric_series.c.run_key == bindparam("of_run"))
        .limit(bindparam("most"))
    )
)
_series = (
    delete(metric_series)
    .where(
        metric_series.c.key.in_(
            select(metric_series.c.key)
            .where(metric_series.c.run_key == bindparam("of_run"))
            .limit(bindparam("most"))
        )
    )
    .returning(metric_series.c["count"])
)
# Rows that hold up to a thousand points each weigh as much as so many others.
_HEAVY = {metric_chunks: 20, metric_batches: 5}
_snapshot_files = delete(snapshot_files).where(
    snapshot_files.c.owner_key == bindparam("snapshot"),
    snapshot_files.c.path.in_(
        select(snapshot_files.c.path)
        .where(snapshot_files.c.owner_key == bindparam("snapshot"))
        .limit(bindparam("most"))
    ),
)


class _Budget:
    """How many more rows this transaction may remove."""

    def __init__(self, rows: int) -> None:
        self.left = rows

    def spend(self, rows: int) -> int:
        self.left -= rows
        return rows


class SqlRemovalStore:
    """Implements `ports.removals.RemovalStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, removal: Removal) -> None:
        """Note that something is being removed; noting it again changes nothing."""
        self._connection.execute(_add, values_of(removals, removal))

    def list(self, *, limit: int) -> list[Removal]:
        """Return what is being removed, oldest first."""
        rows = self._connection.execute(_select.order_by(removals.c.key).limit(limit))
        return [entity_of(Removal, row) for row in rows]

    def done(self, removal: Removal) -> None:
        """Forget it: nothing of it is left."""
        self._connection.execute(delete(removals).where(*_this), _named(removal))

    def runs_of(self, workspace_id: str, experiment_id: str, *, limit: int) -> Sequence[str]:
        """Return the ids of runs of an experiment."""
        chosen = select(runs.c.id).where(
            runs.c.workspace_id == workspace_id, runs.c.experiment_id == experiment_id
        )
        return [run for (run,) in self._connection.execute(chosen.limit(limit))]

    def take_run(self, workspace_id: str, run_id: str, *, rows: int) -> Slice:
        """Remove at most about `rows` rows of a run, and the run itself when nothing else is."""
        this = {"workspace": workspace_id, "run": run_id}
        found = self._connection.execute(_run, this).one_or_none()
        if found is None:
            return Slice(Removed(), done=True)
        budget = _Budget(rows)
        points = self._take_metrics(found.key, budget)
        files = 0
        if budget.left > 0:
            files = budget.spend(self._take_artifacts(workspace_id, run_id, budget.left))
        for table in _parts_of(runs):
            if table is not metric_series:
                self._take(table, "run_key", found.key, budget)
        self._take_logged_models(logged_models.c.run_id == run_id, workspace_id, budget)
        done = budget.left > 0
        if done:
            self._end_run(workspace_id, run_id, found.key, found.snapshot_id)
        return Slice(Removed(runs=int(done), metrics=points, artifacts=files), done=done)

    def take_experiment(self, workspace_id: str, experiment_id: str, *, rows: int) -> bool:
        """Remove a slice of an experiment that has no runs; tell whether it is gone."""
        budget = _Budget(rows)
        own = logged_models.c.experiment_id == experiment_id
        self._take_logged_models(own, workspace_id, budget, registered_too=True)
        for table in _parts_of(experiments):
            if table is not runs and table is not logged_models:
                self._take_owners(table, experiment_id, budget)
        if budget.left <= 0:
            return False
        self._connection.execute(delete(experiments).where(experiments.c.id == experiment_id))
        return True

    def take_snapshot(self, workspace_id: str, snapshot_id: str, *, rows: int) -> bool:
        """Remove a slice of a snapshot that was given up; tell whether it is gone."""
        found = select(snapshots.c.key).where(
            snapshots.c.workspace_id == workspace_id, snapshots.c.id == snapshot_id
        )
        key = self._connection.execute(found).scalar_one_or_none()
        if key is None:
            return True
        gone = self._connection.execute(
            _snapshot_files.returning(snapshot_files.c.digest, snapshot_files.c.size),
            {"snapshot": key, "most": rows},
        ).all()
        doom(self._connection, gone)
        if len(gone) >= rows:
            return False
        self._connection.execute(delete(snapshots).where(snapshots.c.key == key))
        return True

    def foresee(self, workspace_id: str, run_ids: Sequence[str]) -> Removed:
        """Return what the removal of these runs would remove."""
        return foresee(self._connection, workspace_id, run_ids)

    def _end_run(self, workspace_id: str, run_id: str, key: int, snapshot_id: str | None) -> None:
        self._connection.execute(
            delete(tokens).where(tokens.c.workspace_id == workspace_id, tokens.c.run_id == run_id)
        )
        self._connection.execute(delete(runs).where(runs.c.key == key))
        if snapshot_id is not None and not self._is_used(workspace_id, snapshot_id):
            self._give_up_snapshot(workspace_id, snapshot_id)

    def _is_used(self, workspace_id: str, snapshot_id: str) -> bool:
        of_run = select(runs.c.key).where(
            runs.c.workspace_id == workspace_id, runs.c.snapshot_id == snapshot_id
        )
        if self._connection.execute(of_run.limit(1)).first() is not None:
            return True
        deployed = select(endpoints.c.spec).where(endpoints.c.workspace_id == workspace_id)
        specs = self._connection.execute(deployed).scalars()
        return any(spec.snapshot_id == snapshot_id for spec in specs)

    def _give_up_snapshot(self, workspace_id: str, snapshot_id: str) -> None:
        """Take its name away, so that nobody uses it while it goes."""
        this = (snapshots.c.workspace_id == workspace_id, snapshots.c.id == snapshot_id)
        row = self._connection.execute(
            select(snapshots.c.key, snapshots.c.created_at).where(*this)
        ).one_or_none()
        if row is None:
            return
        removal = Removal(
            workspace_id=workspace_id,
            kind=RemovalKind.SNAPSHOT,
            target_id=f"{_GONE} {row.key}",
            created_at=row.created_at,
        )
        self._connection.execute(update(snapshots).where(*this).values(id=removal.target_id))
        self.add(removal)

    def _take_metrics(self, run_key: int, budget: _Budget) -> int:
        """Remove metrics; return how many entries they had."""
        weight = _HEAVY[metric_chunks]
        most = max(budget.left // weight, 1)
        gone = self._connection.execute(_chunks, {"of_run": run_key, "most": most}).rowcount
        budget.spend(gone * weight)
        if gone == most or budget.left <= 0:
            budget.spend(budget.left)
            return 0
        counts = self._connection.execute(_series, {"of_run": run_key, "most": budget.left})
        removed = counts.scalars().all()
        budget.spend(len(removed))
        return sum(removed)

    def _take_artifacts(self, workspace_id: str, run_id: str, most: int) -> int:
        owner = {"workspace_id": workspace_id, "run_id": run_id}
        gone = take(self._connection, artifacts, owner, path=None, limit=most)
        doom(self._connection, gone)
        return len(gone)

    def _take_logged_models(
        self,
        own: "ColumnElement[bool]",
        workspace_id: str,
        budget: _Budget,
        *,
        registered_too: bool = False,
    ) -> None:
        """Remove logged models with their files; registered ones stay what they were made of."""
        chosen = select(logged_models.c.key, logged_models.c.id).where(
            logged_models.c.workspace_id == workspace_id, own
        )
        if not registered_too:
            registered = select(models.c.key).where(
                models.c.workspace_id == workspace_id,
                models.c.logged_model_id == logged_models.c.id,
            )
            chosen = chosen.where(~registered.exists())
        for key, model_id in self._connection.execute(chosen.limit(max(budget.left, 0))).all():
            if not self._take_files(workspace_id, OwnerKind.LOGGED_MODEL, model_id, budget):
                return
            for table in _parts_of(logged_models):
                self._take(table, "model_key", key, budget)
            if budget.left <= 0:
                return
            gone = delete(logged_models).where(logged_models.c.key == key)
            budget.spend(self._connection.execute(gone).rowcount)

    def _take_files(
        self, workspace_id: str, kind: OwnerKind, owner_id: str, budget: _Budget
    ) -> bool:
        """Remove files of an owner; tell whether there is room for more."""
        if budget.left <= 0:
            return False
        owner = {"workspace_id": workspace_id, "owner_kind": kind, "owner_id": owner_id}
        gone = take(self._connection, owned_files, owner, path=None, limit=budget.left)
        doom(self._connection, gone)
        budget.spend(len(gone))
        return budget.left > 0

    def _take_owners(self, table: Table, experiment_id: str, budget: _Budget) -> None:
        """Remove what else belongs to the experiment, traces with their files among it."""
        if table.name != "traces":
            self._take(table, "experiment_id", experiment_id, budget)
            return
        chosen = select(table.c.workspace_id, table.c.id).where(
            table.c.experiment_id == experiment_id
        )
        for workspace_id, trace_id in self._connection.execute(
            chosen.limit(max(budget.left, 0))
        ).all():
            if not self._take_files(workspace_id, OwnerKind.TRACE, trace_id, budget):
                return
            this = (table.c.workspace_id == workspace_id, table.c.id == trace_id)
            budget.spend(self._connection.execute(delete(table).where(*this)).rowcount)

    def _take(self, table: Table, column: str, value: Any, budget: _Budget) -> None:  # noqa: ANN401 - the value of any key
        if budget.left <= 0:
            return
        weight = _HEAVY.get(table, 1)
        most = max(budget.left // weight, 1)
        values = {"value": value, "most": most}
        gone = self._connection.execute(_some_of(table, column), values).rowcount
        # With as many as were asked for there may be more, for which there is no room.
        budget.spend(budget.left if gone == most else gone * weight)


@cache
def _parts_of(whole: Table) -> tuple[Table, ...]:
    """Return the tables whose rows point at one row of `whole`, but not the artifacts of runs."""
    return tuple(
        table
        for table in reversed(metadata.sorted_tables)
        if whole in {key.column.table for key in table.foreign_keys}
        and table not in {artifacts, whole}
    )


@cache
def _some_of(table: Table, column: str) -> Delete:
    key = table.primary_key.columns
    chosen = select(*key).where(table.c[column] == bindparam("value")).limit(bindparam("most"))
    return delete(table).where(tuple_(*key).in_(chosen))


def _named(removal: Removal) -> dict[str, Any]:
    return {
        "this_workspace": removal.workspace_id,
        "this_kind": removal.kind,
        "this_target": removal.target_id,
    }
