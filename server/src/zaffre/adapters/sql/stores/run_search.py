"""Searches of runs in SQL.

A search reads the runs of its experiments in the order of their start, from an index, and stops
when the page is full. A condition that few runs meet, by an index of params, tags or ids, is
turned around: those runs are looked up first.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    type_coerce,
    union_all,
)

from zaffre.adapters.sql.hot import HotSelect
from zaffre.adapters.sql.rows import columns_of
from zaffre.adapters.sql.stores.conditions import asked, listed
from zaffre.adapters.sql.stores.run_conditions import condition_of, narrowing, order_of
from zaffre.adapters.sql.tables import experiments, runs
from zaffre.domain.runs import Run
from zaffre.domain.search import Lifecycle, OrderKey, Place, RunField, RunSearch, Subject

_FEW_RUNS = 2000
"""Up to so many runs are looked up one by one rather than found on the way."""
_FEW_EXPERIMENTS = 16
"""Up to so many experiments are read one by one, each in its order."""
_LATEST_FIRST = OrderKey(Subject.FIELD, RunField.STARTED, descending=True)

_wanted = func.json_each(bindparam("keys")).table_valued("key", "value").alias("wanted")
_columns = columns_of(runs, Run)
_FIELDS = tuple(column.name for column in _columns)
_rows = HotSelect(
    select(*_columns)
    .join_from(_wanted, runs, runs.c.key == _wanted.c.value)
    .order_by(_wanted.c.key)
)
_known = HotSelect(
    select(experiments.c.id).where(
        experiments.c.workspace_id == bindparam("workspace"),
        experiments.c.id.in_(asked("ids")),
    )
)
_began = type_coerce(runs.c.began_at, Double)


class SqlRunSearchStore:
    """Implements `ports.tracking.RunSearchStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def search(
        self, workspace_id: str, search: RunSearch, *, limit: int, place: Place
    ) -> list[Run]:
        """Return the runs that meet every condition, from `place` on."""
        these = {"workspace": workspace_id, "ids": json.dumps(search.experiment_ids)}
        known = tuple(found for (found,) in _known.all(self._connection, these))
        if not known:
            return []
        wanted = [condition_of(workspace_id, condition) for condition in search.conditions]
        if search.lifecycle is not Lifecycle.ALL:
            is_active = search.lifecycle is Lifecycle.ACTIVE
            archived = runs.c.archived_at
            wanted.append(archived.is_(None) if is_active else archived.is_not(None))
        few = self._few(workspace_id, search)
        wanted += [runs.c.key.in_(keys) for keys in few]
        if search.order in {(), (_LATEST_FIRST,)}:
            wanted += _behind(place)
            sources = _sources(workspace_id, known, narrowed=bool(few))
            found = self._latest_first(sources, wanted, limit)
        else:
            found = self._sorted(known, wanted, search.order).limit(limit).offset(place.offset)
        keys = self._connection.execute(found).scalars().all()
        rows = _rows.all(self._connection, {"keys": json.dumps(list(keys))})
        return [Run(**dict(zip(_FIELDS, row, strict=True))) for row in rows]

    def _few(self, workspace_id: str, search: RunSearch) -> "list[Select[Any]]":
        """Return queries for the keys of the conditions that few runs meet."""
        possible = (narrowing(workspace_id, condition) for condition in search.conditions)
        return [keys for keys in possible if keys is not None and self._are_few(keys)]

    def _are_few(self, keys: "Select[Any]") -> bool:
        some = keys.limit(_FEW_RUNS + 1).subquery()
        count = self._connection.execute(select(func.count()).select_from(some)).scalar_one()
        return int(count) <= _FEW_RUNS

    def _latest_first(
        self,
        sources: "list[tuple[ColumnElement[bool], ...]]",
        wanted: "list[ColumnElement[bool]]",
        limit: int,
    ) -> "Select[Any]":
        order = (_began.desc(), runs.c.id)
        columns = (runs.c.key, _began.label("began"), runs.c.id)
        parts = [
            select(*columns).where(*source, *wanted).order_by(*order).limit(limit)
            for source in sources
        ]
        if len(parts) == 1:
            return parts[0]
        whole = union_all(*(select(part.subquery()) for part in parts)).subquery()
        return select(whole).order_by(whole.c.began.desc(), whole.c.id).limit(limit)

    def _sorted(
        self,
        known: tuple[str, ...],
        wanted: "list[ColumnElement[bool]]",
        order: Iterable[OrderKey],
    ) -> "Select[Any]":
        statement = select(runs.c.key).where(*_within(known), *wanted)
        for key in order:
            clauses, join = order_of(key)
            if join is not None:
                statement = statement.outerjoin_from(runs, *join)
            statement = statement.order_by(*clauses)
        return statement.order_by(_began.desc(), runs.c.id)


def _sources(
    workspace_id: str, known: tuple[str, ...], *, narrowed: bool
) -> "list[tuple[ColumnElement[bool], ...]]":
    """Return the ranges of an index to read: of each experiment, or of the workspace."""
    if narrowed:
        # A function keeps the index of experiments out of it: the keys are the way in.
        return [(func.coalesce(runs.c.experiment_id, "").in_(select(listed(known).c.value)),)]
    if len(known) <= _FEW_EXPERIMENTS:
        return [(runs.c.experiment_id == one,) for one in known]
    among = func.coalesce(runs.c.experiment_id, "").in_(select(listed(known).c.value))
    return [(runs.c.workspace_id == workspace_id, among)]


def _within(known: tuple[str, ...]) -> "tuple[ColumnElement[bool], ...]":
    return (runs.c.experiment_id.in_(select(listed(known).c.value)),)


def _behind(place: Place) -> "list[ColumnElement[bool]]":
    if place.began_at is None:
        return []
    later = and_(_began == place.began_at, runs.c.id > place.run_id)
    return [_began <= place.began_at, or_(_began < place.began_at, later)]
