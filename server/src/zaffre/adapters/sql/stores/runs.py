"""Runs in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    union_all,
    update,
)

from zaffre.adapters.sql.columns import Moment
from zaffre.adapters.sql.hot import HotSelect
from zaffre.adapters.sql.rows import columns_of, entity_of, insert_new, values_of
from zaffre.adapters.sql.stores.labels import conditions, labels_of, replace_labels
from zaffre.adapters.sql.stores.pages import key_of
from zaffre.adapters.sql.tables import experiments, runs
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.experiments import Experiment
from zaffre.domain.runs import TERMINAL, Run, RunKind, RunState
from zaffre.ports.stores import RunFilter

_CHANGING = (
    "parent_id",
    "state",
    "display_name",
    "description",
    "tags",
    "properties",
    "error",
    "attempt",
    "handle",
    "started_at",
    "ended_at",
    "archived_at",
    "began_at",
)
_this = (
    runs.c.workspace_id == bindparam("this_workspace"),
    runs.c.id == bindparam("this_run"),
)
_select = select(*columns_of(runs, Run))
_by_id = HotSelect(_select.where(*_this))
_labels = HotSelect(select(runs.c.key, runs.c.tags, runs.c.properties).where(*_this))
_save = update(runs).where(runs.c.key == bindparam("this_key"))
_insert = insert_new(runs).returning(runs.c.key)
_number = (
    update(experiments)
    .where(experiments.c.id == bindparam("experiment"))
    .values(last_number=experiments.c.last_number + 1)
    .returning(experiments.c.last_number)
)
_in_states = _select.where(
    runs.c.kind == RunKind.SCRIPT, runs.c.state.in_(bindparam("states", expanding=True))
).order_by(runs.c.key)
_waiting = (runs.c.state == RunState.QUEUED, runs.c.compute == bindparam("compute"))
_here = runs.c.workspace_id == bindparam("workspace")
_turn = (runs.c.priority.desc(), runs.c.key)
_queued = _select.where(*_waiting).order_by(*_turn)
_ahead = select(func.count()).where(
    *_waiting,
    or_(
        runs.c.priority > bindparam("this_priority"),
        and_(runs.c.priority == bindparam("this_priority"), runs.c.key < bindparam("this_key")),
    ),
)
_save_archived = update(runs).where(
    runs.c.experiment_id == bindparam("of"),
    runs.c.archived_at.is_not_distinct_from(bindparam("before", type_=Moment)),
)
_ENDED = sorted(TERMINAL)
_open_states = (
    select(runs.c.state, func.count())
    .where(
        _here,
        runs.c.compute == bindparam("compute"),
        runs.c.kind == RunKind.SCRIPT,
        runs.c.state.in_(sorted(frozenset(RunState) - TERMINAL)),
    )
    .group_by(runs.c.state)
)
_open_interactive = _select.where(
    runs.c.kind == RunKind.INTERACTIVE, runs.c.state.in_(sorted(frozenset(RunState) - TERMINAL))
).order_by(runs.c.key)


class SqlRunStore:
    """Implements `ports.stores.RunStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run) -> None:
        """Add it."""
        values = values_of(runs, run) | {
            "kind": run.spec.kind,
            "began_at": run.began_at,
            "snapshot_id": run.spec.snapshot_id,
            "compute": run.spec.compute,
            "priority": run.spec.priority,
        }
        key = self._connection.execute(_insert, values).scalar_one_or_none()
        if key is None:
            raise ConflictError(
                "RunExists",
                f"The workspace has a run {shown(run.id)}.",
                target="id",
                hint="Leave the id out to get a fresh one.",
            )
        new = labels_of(run.tags, run.properties)
        replace_labels(self._connection, run, key, old=set(), new=new)

    def get(self, workspace_id: str, run_id: str) -> Run:
        """Return it."""
        this = {"this_workspace": workspace_id, "this_run": run_id}
        found = _by_id.entity(Run, self._connection, this)
        if found is None:
            raise missing("run", run_id)
        return found

    def save(self, run: Run) -> None:
        """Replace what can change."""
        this = {"this_workspace": run.workspace_id, "this_run": run.id}
        present = _labels.one(self._connection, this)
        if present is None:
            raise missing("run", run.id)
        key, tags, properties = present
        values = {name: getattr(run, name) for name in _CHANGING}
        self._connection.execute(_save, values | {"this_key": key})
        if tags != run.tags or properties != run.properties:
            replace_labels(
                self._connection,
                run,
                key,
                old=labels_of(tags, properties),
                new=labels_of(run.tags, run.properties),
            )

    def next_number(self, experiment_id: str) -> int:
        """Return the number after the highest one that the experiment ever gave out."""
        given = self._connection.execute(_number, {"experiment": experiment_id})
        number: int | None = given.scalar_one_or_none()
        if number is None:
            raise missing("experiment", experiment_id)
        return number

    def set_archived(
        self, experiment: Experiment, *, at: datetime | None, before: datetime | None
    ) -> None:
        """Archive, or restore, all runs of an experiment that were archived at `before`."""
        values = {"of": experiment.id, "before": before, "archived_at": at}
        self._connection.execute(_save_archived, values)

    def in_states(self, states: frozenset[RunState], *, limit: int | None = None) -> list[Run]:
        """Return the runs of every workspace in these states, oldest first, for the engine."""
        rows = self._connection.execute(_in_states.limit(limit), {"states": sorted(states)})
        return [entity_of(Run, row) for row in rows]

    def queued(self, compute: str, *, workspace_id: str | None = None, limit: int) -> list[Run]:
        """Return the runs that wait for a target, in the order of their turn."""
        values = {"compute": compute}
        wanted = _queued.limit(limit)
        if workspace_id is not None:
            wanted, values["workspace"] = wanted.where(_here), workspace_id
        return [entity_of(Run, row) for row in self._connection.execute(wanted, values)]

    def ahead_of(self, run: Run, *, everywhere: bool) -> int:
        """Count the runs that have their turn before a waiting one."""
        values: dict[str, Any] = {
            "compute": run.spec.compute,
            "this_priority": run.spec.priority,
            "this_key": key_of(self._connection, runs, run.workspace_id, run.id),
        }
        wanted = _ahead
        if not everywhere:
            wanted, values["workspace"] = wanted.where(_here), run.workspace_id
        return int(self._connection.execute(wanted, values).scalar_one())

    def count_open(self, workspace_id: str, compute: str) -> tuple[int, int]:
        """Count the runs of a target that wait, and those that were admitted and go on."""
        values = {"workspace": workspace_id, "compute": compute}
        rows = self._connection.execute(_open_states, values)
        counts: dict[RunState, int] = {row[0]: row[1] for row in rows}
        waiting = counts.pop(RunState.QUEUED, 0)
        return waiting, sum(counts.values())

    def promised(self) -> list[Run]:
        """Return the open runs of every workspace whose programs promised to beat."""
        rows = self._connection.execute(_open_interactive)
        return [run for run in (entity_of(Run, row) for row in rows) if run.beats]

    def open_below(self, run: Run, *, interactive_only: bool = False) -> list[Run]:
        """Return the runs below it, at any depth, that have not ended, newest first."""
        keys = _keys_below(run.workspace_id, run.id, interactive_only=interactive_only)
        rows = self._connection.execute(
            _select.where(runs.c.key.in_(keys), runs.c.state.not_in(_ENDED)).order_by(
                runs.c.key.desc()
            )
        )
        return [entity_of(Run, row) for row in rows]

    def list(
        self, workspace_id: str, where: RunFilter, *, limit: int, after: str | None = None
    ) -> list[Run]:
        """Return them newest first, those older than the run `after`."""
        before = None if after is None else key_of(self._connection, runs, workspace_id, after)
        # Each state is read from its index in order, and no further than the page is long: one
        # query over several states would sort every run that is in one of them.
        states: list[RunState | None] = [*sorted(where.states)] or [None]
        keys = union_all(
            *(
                select(_keys(workspace_id, where, state, before).limit(limit).subquery())
                for state in states
            )
        )
        rows = self._connection.execute(
            _select.where(runs.c.key.in_(keys)).order_by(runs.c.key.desc()).limit(limit)
        )
        return [entity_of(Run, row) for row in rows]


def _keys(
    workspace_id: str, where: RunFilter, state: RunState | None, before: int | None
) -> "Select[Any]":
    wanted: list[ColumnElement[bool]] = [runs.c.workspace_id == workspace_id]
    key: Any = runs.c.key
    for table, condition in conditions(workspace_id, where):
        wanted += [condition, table.c.run_key == runs.c.key]
        key = table.c.run_key
    wanted += _plain_conditions(where)
    if where.below_id is not None:
        wanted.append(runs.c.key.in_(_keys_below(workspace_id, where.below_id)))
    if state is not None:
        wanted.append(runs.c.state == state)
    if before is not None:
        wanted.append(key < before)
    return select(key.label("key")).where(*wanted).order_by(key.desc())


def _plain_conditions(where: RunFilter) -> "list[ColumnElement[bool]]":
    wanted: list[ColumnElement[bool]] = []
    if not where.archived:
        wanted.append(runs.c.archived_at.is_(None))
    if where.experiment_name is not None:
        wanted.append(runs.c.experiment_name == where.experiment_name)
    if where.parent_id is not None:
        wanted.append(runs.c.parent_id == where.parent_id)
    if where.top_only:
        wanted.append(runs.c.parent_id.is_(None))
    return wanted


def _keys_below(
    workspace_id: str, run_id: str, *, interactive_only: bool = False
) -> "Select[Any]":
    wanted = [runs.c.workspace_id == workspace_id]
    if interactive_only:
        wanted.append(runs.c.kind == RunKind.INTERACTIVE)
    found = select(runs.c.id, runs.c.key)
    below = found.where(runs.c.parent_id == run_id, *wanted).cte("below", recursive=True)
    return select(below.union(found.where(runs.c.parent_id == below.c.id, *wanted)).c.key)
