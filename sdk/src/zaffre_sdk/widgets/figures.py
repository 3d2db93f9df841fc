"""From the entries of a metric to a figure: plain data that says how it is to be drawn.

A figure has a `name`, a `form` and what the form needs: `value` (`value`); `lines` (`lines`, `x`,
`y`); `table` (`columns`, `rows`, `total`); `matrix` (`labels`, `rows`); `images` and `document`
(`paths`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from zaffre_sdk.widgets.cells import number, plain
from zaffre_sdk.wire.metrics import EntryOut, MetricOut

Figure = dict[str, Any]
DOCUMENTS = frozenset({"accuracy_table", "confusion_matrix", "predictions", "residuals"})
_MOST_ROWS = 200
_MOST_POINTS = 1000
_MOST_IMAGES = 12


def figure(metric: MetricOut, entries: Sequence[EntryOut]) -> Figure:
    """Return the figure of a metric.

    Args:
        metric: The metric at a glance.
        entries: Its entries in order, or a sample that shows their course.
    """
    if metric.kind == "image":
        return _files(metric.name, "images", entries)
    if metric.kind in DOCUMENTS:
        return _files(metric.name, "document", entries[-1:])
    if metric.kind in ("row", "table"):
        return table(metric.name, rows_of(entries), total=metric.count)
    if metric.kind == "list":
        return _list(metric.name, entries)
    return _scalar(metric, entries)


def table(name: str, rows: Sequence[dict[str, Any]], *, total: int = 0) -> Figure:
    """Return a table of the last rows; cells that a row lacks are empty."""
    last = rows[-_MOST_ROWS:]
    columns = list(dict.fromkeys(key for row in last for key in row))
    cells = [[plain(row.get(key)) for key in columns] for row in last]
    total = max(total, len(rows))
    return {"name": name, "form": "table", "columns": columns, "rows": cells, "total": total}


def lines(
    name: str, series: Sequence[tuple[str, Iterable[tuple[Any, Any]]]], *, x: str, y: str = ""
) -> Figure:
    """Return curves, each with a name; points that are no numbers are left out.

    Long ones are thinned: a chart has no room for more.
    """
    drawn = [{"name": one, "points": _points(points)} for one, points in series]
    return {"name": name, "form": "lines", "lines": drawn, "x": x, "y": y}


def rows_of(entries: Iterable[EntryOut]) -> list[dict[str, Any]]:
    """Return what `row` and `table` entries hold, as rows."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        columns = entry.value if isinstance(entry.value, dict) else {"value": entry.value}
        held = {key: one if isinstance(one, list) else [one] for key, one in columns.items()}
        height = max((len(column) for column in held.values()), default=0)
        rows.extend(
            {key: column[index] for key, column in held.items() if index < len(column)}
            for index in range(height)
        )
    return rows


def values_of(entries: Iterable[EntryOut]) -> list[Any]:
    """Return what `list` entries hold, one after the other."""
    values: list[Any] = []
    for entry in entries:
        values.extend(entry.value if isinstance(entry.value, list) else [entry.value])
    return values


def _scalar(metric: MetricOut, entries: Sequence[EntryOut]) -> Figure:
    numbers = sum(number(entry.value) is not None for entry in entries)
    if numbers < 2:  # noqa: PLR2004 (a curve needs two)
        return _value(metric.name, metric.last, count=metric.count)
    stepped = all(entry.step is not None for entry in entries)
    # A sample is spread evenly, so that places in it stand for places in the whole.
    spread = (metric.count - 1) / max(len(entries) - 1, 1)
    places = [
        entry.step if stepped else round(index * spread) for index, entry in enumerate(entries)
    ]
    points = zip(places, (entry.value for entry in entries))
    drawn = lines(metric.name, [(metric.name, points)], x="step" if stepped else "entry")
    return {**drawn, "last": plain(metric.last), "count": metric.count}


def _list(name: str, entries: Sequence[EntryOut]) -> Figure:
    values = values_of(entries)
    if len(values) > 1 and all(number(value) is not None for value in values):
        return lines(name, [(name, enumerate(values))], x="index")
    return table(name, [{"value": value} for value in values])


def _value(name: str, value: object, *, count: int) -> Figure:
    return {"name": name, "form": "value", "value": plain(value), "count": count}


def _files(name: str, form: str, entries: Sequence[EntryOut]) -> Figure:
    paths = [str(entry.value) for entry in entries[-_MOST_IMAGES:]]
    return {"name": name, "form": form, "paths": paths}


def _points(points: Iterable[tuple[Any, Any]]) -> list[list[float]]:
    drawn = [[number(x), number(y)] for x, y in points]
    found = sorted([x, y] for x, y in drawn if x is not None and y is not None)
    return found[:: max(len(found) // _MOST_POINTS, 1)]
