"""Metrics in SQL.

The statements of `append` are plain text and their rows plain tuples: it stores points by the
hundred thousand a second, which SQLAlchemy's own conversions would halve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.points import (
    KIND_NUMBERS,
    Layout,
    cells_of,
    placed,
    point_of,
)
from zaffre.adapters.sql.tables import metric_batches, metric_points, metric_series, runs
from zaffre.domain.errors import InvalidError, missing
from zaffre.domain.metrics import MetricBatch, MetricPoint, MetricSummary
from zaffre.domain.runs import Run

_BEGIN = """
SELECT runs.key,
    EXISTS (SELECT 1 FROM metric_batches AS sent
        WHERE sent.run_key = runs.key AND sent.writer = ? AND sent.sequence = ?),
    (SELECT "start" + "count" FROM metric_batches AS last
        WHERE last.run_key = runs.key ORDER BY "start" DESC, "count" DESC LIMIT 1)
FROM runs WHERE runs.workspace_id = ? AND runs.id = ?
"""
_FIND_SERIES = """
SELECT name, key, "count", minimum, maximum FROM metric_series WHERE run_key = ? AND name IN ({})
"""
_ADD_SERIES = """
INSERT INTO metric_series (run_key, name, "count") VALUES (?, ?, 0) RETURNING key
"""
_ADD_POINTS = """
INSERT INTO metric_points (series_key, ordinal, kind, step, time, number, other)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_SAVE_SERIES = """
UPDATE metric_series SET "count" = ?, minimum = ?, maximum = ? WHERE key = ?
"""
_ADD_BATCH = """
INSERT INTO metric_batches (run_key, writer, sequence, "start", "count", layout)
VALUES (?, ?, ?, ?, ?, ?)
"""

_s, _p, _b = metric_series.c, metric_points.c, metric_batches.c
_run = (runs.c.workspace_id == bindparam("workspace"), runs.c.id == bindparam("run"))
_run_key = select(runs.c.key).where(*_run).scalar_subquery()
_point = (_p.kind, _p.step, _p.time, _p.number, _p.other)
_summaries = (
    select(_s.name, _s["count"].label("points"), _s.minimum, _s.maximum, *_point)
    .join(metric_points, (_p.series_key == _s.key) & (_p.ordinal == _s["count"] - 1))
    .where(_s.run_key == _run_key)
    .order_by(_s.key)
)
_series = select(_s.key, _s["count"].label("points")).where(
    _s.run_key == _run_key, _s.name == bindparam("name")
)
_range = (
    select(_p.ordinal, *_point)
    .where(
        _p.series_key == bindparam("series"),
        _p.ordinal.between(bindparam("low"), bindparam("high")),
    )
    .order_by(_p.ordinal)
)
_these = (
    select(_p.ordinal, *_point)
    .where(
        _p.series_key == bindparam("series"), _p.ordinal.in_(bindparam("ordinals", expanding=True))
    )
    .order_by(_p.ordinal)
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
    select(_b.start, _b["count"].label("points"), _b.layout)
    .where(_b.run_key == _run_key, _b.start >= _first_batch, _b["count"] > 0)
    .order_by(_b.start)
)


@dataclass(slots=True)
class _Series:
    key: int
    count: int
    minimum: float | None
    maximum: float | None

    def include(self, value: float) -> None:
        if self.minimum is None or self.maximum is None:
            self.minimum = self.maximum = value
        elif value < self.minimum:
            self.minimum = value
        elif value > self.maximum:
            self.maximum = value


class SqlMetricStore:
    """Implements `ports.stores.MetricStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, run: Run, batch: MetricBatch) -> bool:
        """Store the batch unless its sequence was stored; tell whether it was new."""
        values = (batch.writer, batch.sequence, run.workspace_id, run.id)
        begun = self._connection.exec_driver_sql(_BEGIN, values).one_or_none()
        if begun is None:
            raise missing("run", run.id)
        run_key, is_stored, end = begun
        if is_stored:
            return False
        try:
            layout = self._append(run_key, batch.points)
        except OverflowError as error:
            raise InvalidError(
                "NumberTooLarge",
                "A whole number or a step has more than 64 bits.",
                target="points",
                hint="Log it as a floating-point number or as text.",
            ) from error
        batch_row = (run_key, batch.writer, batch.sequence, end or 0, len(batch.points), layout)
        self._connection.exec_driver_sql(_ADD_BATCH, batch_row)
        return True

    def summaries(self, run: Run) -> list[MetricSummary]:
        """Return every metric of the run, in order of first appearance."""
        rows = self._connection.execute(_summaries, _this(run))
        return [_summary(row) for row in rows]

    def points(
        self, run: Run, name: str, *, limit: int, after: int = -1
    ) -> list[tuple[int, MetricPoint]]:
        """Return entries of one metric in order of arrival with their positions (from 0)."""
        series, _ = self._find(run, name)
        return self._between(series, name, after + 1, after + limit)

    def entries(self, run: Run, *, limit: int, after: int = -1) -> list[tuple[int, MetricPoint]]:
        """Return entries of all metrics in order of arrival with a position to continue at."""
        places = self._places(run, after + 1, limit)
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
        return [(after + 1 + index, points[place]) for index, place in enumerate(places)]

    def sample(self, run: Run, name: str, *, size: int) -> list[tuple[int, MetricPoint]]:
        """Return at most `size` entries spread evenly, the first and the last among them."""
        series, count = self._find(run, name)
        if count <= size:
            return self._between(series, name, 0, count - 1)
        last = count - 1
        gaps = max(size - 1, 1)
        ordinals = [last - last * index // gaps for index in reversed(range(size))]
        return [
            (row[0], point_of(name, row[1:]))
            for some in chunks(ordinals)
            for row in self._connection.execute(_these, {"series": series, "ordinals": some})
        ]

    def _append(self, run_key: int, points: Sequence[MetricPoint]) -> bytes:
        series = self._series_of(run_key, list(dict.fromkeys(point.name for point in points)))
        layout = Layout()
        rows = []
        for point in points:
            one = series[point.name]
            layout.add(one.key, one.count)
            number, other = cells_of(point.value)
            kind, time = KIND_NUMBERS[point.kind], point.time.timestamp()
            rows.append((one.key, one.count, kind, point.step, time, number, other))
            one.count += 1
            if isinstance(point.value, int | float) and isfinite(point.value):
                one.include(float(point.value))
        if rows:
            self._connection.exec_driver_sql(_ADD_POINTS, rows)
            changed = [(s.count, s.minimum, s.maximum, s.key) for s in series.values()]
            self._connection.exec_driver_sql(_SAVE_SERIES, changed)
        return layout.to_bytes()

    def _series_of(self, run_key: int, names: list[str]) -> dict[str, _Series]:
        found: dict[str, _Series] = {}
        for some in chunks(names):
            statement = _FIND_SERIES.format(",".join("?" * len(some)))
            rows = self._connection.exec_driver_sql(statement, (run_key, *some))
            found.update((name, _Series(*rest)) for name, *rest in rows)
        for name in names:
            if name not in found:
                added = self._connection.exec_driver_sql(_ADD_SERIES, (run_key, name))
                found[name] = _Series(added.scalar_one(), 0, None, None)
        return found

    def _find(self, run: Run, name: str) -> tuple[int, int]:
        """Return the key and the length of a series; a length of 0 when there is none."""
        row = self._connection.execute(_series, {**_this(run), "name": name}).one_or_none()
        return (0, 0) if row is None else (row.key, row.points)

    def _between(
        self, series: int, name: str, low: int, high: int
    ) -> list[tuple[int, MetricPoint]]:
        rows = self._connection.execute(_range, {"series": series, "low": low, "high": high})
        return [(row[0], point_of(name, row[1:])) for row in rows]

    def _places(self, run: Run, position: int, limit: int) -> list[tuple[int, int]]:
        places: list[tuple[int, int]] = []
        # A page needs no more batches than it has entries, and the one that it begins within.
        statement = _batches.limit(limit + 1)
        rows = self._connection.execute(statement, {**_this(run), "position": position})
        for row in rows:
            skipped = max(position - row.start, 0)
            places += list(placed(row.layout, row.points))[skipped:]
            if len(places) >= limit:
                rows.close()
                break
        return places[:limit]

    def _names(self, keys: list[int]) -> dict[int, str]:
        return {
            key: name
            for some in chunks(keys)
            for key, name in self._connection.execute(_names, {"keys": some})
        }


def _this(run: Run) -> dict[str, Any]:
    return {"workspace": run.workspace_id, "run": run.id}


def _summary(row: "Row[*tuple[Any, ...]]") -> MetricSummary:
    last = point_of(row.name, row[4:])
    return MetricSummary(
        name=row.name,
        kind=last.kind,
        count=row.points,
        last=last.value,
        last_step=last.step,
        minimum=row.minimum,
        maximum=row.maximum,
        updated_at=last.time,
    )
