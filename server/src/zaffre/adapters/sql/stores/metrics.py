"""Metrics in SQL.

A batch is one row until it is folded; how a point is found thus depends on its age: old ones stand
in chunks of their metric, the newest few thousand of a run in batches that wait.
"""

import json
import struct
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from math import nan
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from zaffre.adapters.sql.hot import HotSelect, run_many, run_text
from zaffre.adapters.sql.stores.conditions import asked
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.folding import MAX_WAITING, ROW_WEIGHT, fold
from zaffre.adapters.sql.stores.points import (
    Chunk,
    Layout,
    Part,
    Waiting,
    packed_batch,
    unpacked_batch,
)
from zaffre.adapters.sql.stores.tallies import ADD_TALLY, tallies
from zaffre.adapters.sql.tables import metric_batches, metric_chunks, metric_series, runs
from zaffre.domain.errors import InvalidError, missing
from zaffre.domain.metrics import LatestMetric, MetricBatch, MetricPoint, MetricSummary
from zaffre.domain.runs import Run

_BEGIN = """
SELECT runs.key,
    EXISTS (SELECT 1 FROM metric_batches AS sent
        WHERE sent.run_key = runs.key AND sent.writer = ? AND sent.sequence = ?),
    (SELECT "start" + "count" FROM metric_batches AS last
        WHERE last.run_key = runs.key ORDER BY "start" DESC, "count" DESC LIMIT 1),
    (SELECT waiting FROM metric_batches AS last
        WHERE last.run_key = runs.key ORDER BY "start" DESC, "count" DESC LIMIT 1)
FROM runs WHERE runs.workspace_id = ? AND runs.id = ?
"""
_ADD_BATCH = """
INSERT INTO metric_batches (run_key, writer, sequence, "start", "count", layout, data, waiting)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_NO_LAYOUT = b""
# A point without a step counts as of this one, as MLflow has it.
_NO_STEP = 0

_s, _c, _b = metric_series.c, metric_chunks.c, metric_batches.c
_run = (runs.c.workspace_id == bindparam("workspace"), runs.c.id == bindparam("run"))
_run_key = select(runs.c.key).where(*_run).scalar_subquery()
_last_ordinal = (
    select(func.max(_c.ordinal)).where(_c.series_key == _s.key).correlate(metric_series)
)
_summaries = (
    select(
        _s.name,
        _s["count"].label("points"),
        _s.minimum,
        _s.maximum,
        _c.ordinal,
        _c["count"],
        _c.data,
    )
    .outerjoin(
        metric_chunks,
        and_(_c.series_key == _s.key, _c.ordinal == _last_ordinal.scalar_subquery()),
    )
    .where(_s.run_key == _run_key)
    .order_by(_s.key)
)
_series = select(_s.key, _s["count"].label("points")).where(
    _s.run_key == _run_key, _s.name == bindparam("name")
)
_first_chunk = (
    select(func.max(_c.ordinal))
    .where(_c.series_key == bindparam("series"), _c.ordinal <= bindparam("low"))
    .scalar_subquery()
)
_chunks = (
    select(_c.ordinal, _c["count"], _c.data)
    .where(
        _c.series_key == bindparam("series"),
        _c.ordinal >= _first_chunk,
        _c.ordinal <= bindparam("high"),
    )
    .order_by(_c.ordinal)
)
_waiting = (
    select(_b["count"], _b.data)
    .where(_b.run_key == _run_key, _b.data.is_not(None))
    .order_by(_b.start)
)
_names = select(_s.key, _s.name).where(_s.key.in_(bindparam("keys", expanding=True)))
_first_batch = (
    select(_b.start)
    .where(_b.run_key == _run_key, _b.start <= bindparam("position"), _b["count"] > 0)
    .order_by(_b.start.desc())
    .limit(1)
    .scalar_subquery()
)
_batches = (
    select(_b.start, _b["count"].label("points"), _b.layout, _b.data)
    .where(_b.run_key == _run_key, _b.start >= _first_batch, _b["count"] > 0)
    .order_by(_b.start)
)
_latest = HotSelect(
    select(runs.c.id, _s.latest_is_nan, _s.name, _s.latest_number, _s.latest_time, _s.latest_step)
    .join(metric_series, _s.run_key == runs.c.key)
    .where(
        runs.c.workspace_id == bindparam("workspace"),
        runs.c.id.in_(asked("runs")),
        _s.latest_step.is_not(None),
    )
    .order_by(_s.key)
)
_own_series = select(_s.key).where(_s.run_key == _run_key)


class SqlMetricStore:
    """Implements `ports.stores.MetricStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: tuple[str, Waiting] | None = None

    def append(self, run: Run, batch: MetricBatch) -> bool:
        """Store the batch unless its sequence was stored; tell whether it was new."""
        self._known = None
        values = (batch.writer, batch.sequence, run.workspace_id, run.id)
        begun = run_text(self._connection, _BEGIN, values)
        if begun is None:
            raise missing("run", run.id)
        run_key, is_stored, end, waiting = begun
        if is_stored:
            return False
        try:
            self._add(run_key, batch, start=end or 0, waiting=waiting or 0)
        except (OverflowError, struct.error) as error:
            raise InvalidError(
                "NumberTooLarge",
                "A whole number or a step has more than 64 bits.",
                target="points",
                hint="Log it as a floating-point number or as text.",
            ) from error
        return True

    def summaries(self, run: Run) -> list[MetricSummary]:
        """Return every metric of the run, in order of first appearance."""
        waiting = self._waiting(run)
        rows = self._connection.execute(_summaries, _this(run))
        return [_summary(row, waiting.get(row.name)) for row in rows]

    def latest(self, workspace_id: str, run_ids: Sequence[str]) -> dict[str, list[LatestMetric]]:
        """Return the latest of each metric of many runs, in order of first appearance."""
        found: dict[str, list[LatestMetric]] = defaultdict(list)
        these = {"workspace": workspace_id, "runs": json.dumps(list(run_ids))}
        for run_id, is_nan, *latest in _latest.all(self._connection, these):
            metric = LatestMetric._make(latest)
            found[run_id].append(metric._replace(number=nan) if is_nan else metric)
        return dict(found)

    def points(
        self, run: Run, name: str, *, limit: int, after: int = -1
    ) -> list[tuple[int, MetricPoint]]:
        """Return entries of one metric in order of arrival with their positions (from 0)."""
        series, count = self._find(run, name)
        low, high = after + 1, min(after + limit, count - 1)
        if low > high:
            return []
        waiting = self._waiting(run).get(name)
        folded = count - len(waiting or ())
        found = self._between(series, name, low, min(high, folded - 1))
        if waiting is not None and high >= folded:
            begin = max(low, folded)
            rest = waiting.cut(begin - folded, high + 1 - folded)
            found += enumerate(rest.points(name), start=begin)
        return found

    def entries(self, run: Run, *, limit: int, after: int = -1) -> list[tuple[int, MetricPoint]]:
        """Return entries of all metrics in order of arrival with a position to continue at."""
        places, waiting = self._places(run, after + 1, limit)
        ranges: dict[int, tuple[int, int]] = {}
        for series, ordinal in places:
            low, _ = ranges.get(series, (ordinal, ordinal))
            ranges[series] = (low, ordinal)
        names = self._names(list(ranges))
        points = {
            (series, ordinal): point
            for series, (low, high) in ranges.items()
            for ordinal, point in self._between(series, names[series], low, high)
        }
        found = chain((points[place] for place in places), waiting)
        return list(enumerate(islice(found, limit), start=after + 1))

    def sample(self, run: Run, name: str, *, size: int) -> list[tuple[int, MetricPoint]]:
        """Return at most `size` entries spread evenly, the first and the last among them."""
        series, count = self._find(run, name)
        ordinals = _spread(range(count), size)
        waiting = self._waiting(run).get(name)
        return list(_chosen(name, ordinals, self._all(series, count), waiting))

    def sample_steps(
        self, run: Run, name: str, *, size: int, steps: tuple[int, int] | None = None
    ) -> list[tuple[int, MetricPoint]]:
        """Return at most `size` entries spread evenly in order of their steps, with both ends."""
        series, count = self._find(run, name)
        waiting = self._waiting(run).get(name)
        folded = list(self._all(series, count))
        found = list(chain.from_iterable(chunk.steps(_NO_STEP) for chunk in folded))
        if waiting is not None:
            found += [step or _NO_STEP for step in waiting.steps or repeat(None, len(waiting))]
        order: Sequence[int] = range(count)
        ordered = sorted(found)
        if ordered != found:
            order = sorted(order, key=found.__getitem__)
        if steps is not None:
            order = order[bisect_left(ordered, steps[0]) : bisect_right(ordered, steps[1])]
        chosen = _spread(order, size)
        points = dict(_chosen(name, sorted(chosen), folded, waiting))
        return [(place, points[place]) for place in chosen]

    def delete(self, run: Run) -> None:
        """Remove everything that the run logged."""
        self._known = None
        this = _this(run)
        own = delete(metric_chunks).where(_c.series_key.in_(_own_series))
        self._connection.execute(own, this)
        self._connection.execute(delete(metric_batches).where(_b.run_key == _run_key), this)
        self._connection.execute(delete(metric_series).where(_s.run_key == _run_key), this)

    def _add(self, run_key: int, batch: MetricBatch, *, start: int, waiting: int) -> None:
        columns = batch.columns
        count = len(columns)
        data = packed_batch(columns) if count else None
        waiting += count + ROW_WEIGHT if count else 0
        is_full = waiting > MAX_WAITING
        row = (run_key, batch.writer, batch.sequence, start, count, _NO_LAYOUT, data)
        run_text(self._connection, _ADD_BATCH, (*row, 0 if is_full else waiting))
        if count:
            run_many(self._connection, ADD_TALLY, tallies(run_key, columns))
        if is_full:
            fold(self._connection, run_key)

    def _find(self, run: Run, name: str) -> tuple[int, int]:
        """Return the key and the length of a series; a length of 0 when there is none."""
        row = self._connection.execute(_series, {**_this(run), "name": name}).one_or_none()
        return (0, 0) if row is None else (row.key, row.points)

    def _waiting(self, run: Run) -> Waiting:
        """Return the points that wait to be folded."""
        if self._known is not None and self._known[0] == run.id:
            return self._known[1]
        rows = self._connection.execute(_waiting, _this(run)).all()
        waiting = Waiting([unpacked_batch(data, count) for count, data in rows])
        self._known = (run.id, waiting)
        return waiting

    def _between(
        self, series: int, name: str, low: int, high: int
    ) -> list[tuple[int, MetricPoint]]:
        found: list[tuple[int, MetricPoint]] = []
        those = {"series": series, "low": low, "high": high}
        for row in self._connection.execute(_chunks, those) if low <= high else ():
            chunk = Chunk(*row)
            begin = max(low, chunk.first)
            piece = chunk.part().cut(begin - chunk.first, high + 1 - chunk.first)
            found += enumerate(piece.points(name), start=begin)
        return found

    def _all(self, series: int, count: int) -> Iterator[Chunk]:
        """Yield the chunks of the first points of a series."""
        those = {"series": series, "low": 0, "high": count - 1}
        for row in self._connection.execute(_chunks, those) if count else ():
            yield Chunk(*row)

    def _places(
        self, run: Run, position: int, limit: int
    ) -> tuple[list[tuple[int, int]], Iterator[MetricPoint]]:
        """Return where entries stand that were folded, and after those the ones that wait."""
        places: list[tuple[int, int]] = []
        waiting: list[Iterator[MetricPoint]] = []
        found = 0
        # A page needs no more batches than it has entries, and the one that it begins within.
        statement = _batches.limit(limit + 1)
        rows = self._connection.execute(statement, {**_this(run), "position": position})
        for row in rows:
            skipped = max(position - row.start, 0)
            if row.data is None:
                places += islice(Layout.placed(row.layout, row.points), skipped, None)
            else:
                columns = unpacked_batch(row.data, row.points)
                waiting.append(islice(columns.points(), skipped, None))
            found += row.points - skipped
            if found >= limit:
                rows.close()
                break
        return places[:limit], chain.from_iterable(waiting)

    def _names(self, keys: list[int]) -> dict[int, str]:
        return {
            key: name
            for some in chunks(keys)
            for key, name in self._connection.execute(_names, {"keys": some})
        }


def _this(run: Run) -> dict[str, Any]:
    return {"workspace": run.workspace_id, "run": run.id}


def _spread(places: Sequence[int], size: int) -> list[int]:
    """Return at most `size` of the places, evenly, the first and the last among them."""
    if len(places) <= size:
        return list(places)
    last = len(places) - 1
    gaps = max(size - 1, 1)
    return [places[last - last * index // gaps] for index in reversed(range(size))]


def _chosen(
    name: str, ordinals: Sequence[int], folded: Iterable[Chunk], waiting: Part | None
) -> Iterator[tuple[int, MetricPoint]]:
    """Yield the points at ordinals that grow."""
    place = end = 0
    for chunk in folded:
        end = chunk.first + chunk.count
        below = bisect_left(ordinals, end)
        for ordinal in ordinals[place:below]:
            yield ordinal, chunk.point(name, ordinal)
        place = below
    if waiting is not None:
        for ordinal in ordinals[place:]:
            (point,) = waiting.cut(ordinal - end, ordinal - end + 1).points(name)
            yield ordinal, point


def _summary(row: Any, waiting: Part | None) -> MetricSummary:  # noqa: ANN401 - a row of SQLAlchemy
    name, count, minimum, maximum, *chunk = row
    if waiting is not None:
        (last,) = waiting.cut(len(waiting) - 1, len(waiting)).points(name)
    else:
        last = Chunk(*chunk).point(name, count - 1)
    return MetricSummary(
        name=name,
        kind=last.kind,
        count=count,
        last=last.value,
        last_step=last.step,
        minimum=minimum,
        maximum=maximum,
        updated_at=last.time,
    )
