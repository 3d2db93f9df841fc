"""Dividing what waits among its metrics.

A batch is stored as it came, in one row. Once enough of them wait, each of their metrics is given
its points in chunks, so that a metric can be read without the others.
"""

from collections import Counter
from itertools import chain

from sqlalchemy import Connection

from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.points import Layout, Part, divided, united, unpacked_batch

# A row costs about as much as this many points.
ROW_WEIGHT = 64
MAX_WAITING = 16_384

_WAITING = """
SELECT key, "count", data FROM metric_batches
WHERE run_key = ? AND data IS NOT NULL ORDER BY "start"
"""
_SERIES = """
SELECT name, key, "count" FROM metric_series WHERE run_key = ? AND name IN ({})
"""
_ADD_CHUNKS = """
INSERT INTO metric_chunks (series_key, ordinal, "count", data) VALUES (?, ?, ?, ?)
"""
_SAVE_BATCHES = """
UPDATE metric_batches SET layout = ?, data = NULL WHERE key = ?
"""


def fold(connection: Connection, run_key: int) -> None:
    """Move all points of a run that wait to their metrics."""
    rows = connection.exec_driver_sql(_WAITING, (run_key,)).all()
    batches = [unpacked_batch(data, count) for _, count, data in rows]
    parts = divided(united(batches))
    series = _series_of(connection, run_key, list(parts))
    first = {name: series[name][1] - len(part) for name, part in parts.items()}
    added = [_rows(series[name][0], first[name], part) for name, part in parts.items()]
    connection.exec_driver_sql(_ADD_CHUNKS, list(chain.from_iterable(added)))
    layouts = []
    for (key, _, _), batch in zip(rows, batches, strict=True):
        keys, firsts = [series[name][0] for name in batch.names], []
        counts = Counter(batch.order) if batch.order is not None else {0: len(batch)}
        for index, name in enumerate(batch.names):
            firsts.append(first[name])
            first[name] += counts[index]
        layouts.append((Layout.to_bytes(keys, firsts, batch.order), key))
    connection.exec_driver_sql(_SAVE_BATCHES, layouts)


def _rows(key: int, first: int, part: Part) -> list[tuple[int, int, int, bytes]]:
    rows = []
    for count, data in part.to_chunks():
        rows.append((key, first, count, data))
        first += count
    return rows


def _series_of(
    connection: Connection, run_key: int, names: list[str]
) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for some in chunks(names):
        statement = _SERIES.format(",".join("?" * len(some)))
        rows = connection.exec_driver_sql(statement, (run_key, *some))
        found.update((name, (key, count)) for name, key, count in rows)
    return found
