"""What is shown of a run where no widget lives: text for terminals, HTML for saved notebooks."""

from __future__ import annotations

import html
import time
from itertools import cycle
from typing import Any

from zaffre_sdk.widgets.cells import duration, shown
from zaffre_sdk.widgets.figures import Figure
from zaffre_sdk.widgets.reading import RunView

_MOST_ROWS = 20
_LOG_LINES = 20
_WIDTH, _HEIGHT = 220, 60
_HUES = ("#1f5fbf", "#d97706", "#2e9e6b", "#b4489c", "#d9483b", "#7a6bd8")


def as_text(view: RunView) -> str:
    """Return a run as lines of text."""
    rows = [*_facts(view.run), *((figure["name"], _summary(figure)) for figure in view.figures)]
    lines = [f"{_line(name):24} {_line(value)}" for name, value in rows]
    if view.children:
        lines += ["", "Child runs", *(f"  {_child_line(child)}" for child in view.children)]
    return "\n".join(lines) + "\n"


def as_html(view: RunView) -> str:
    """Return a run as HTML that needs nothing else; every text of users is escaped."""
    parts = [
        _pairs(_facts(view.run)),
        *(f"<h4>{_safe(one['name'])}</h4>{_drawn(one, view.images)}" for one in view.figures),
    ]
    if view.children:
        parts.append(f"<h4>Child runs</h4>{_children(view.children)}")
    for path, text in view.logs.items():
        last = "\n".join(text.splitlines()[-_LOG_LINES:])
        parts.append(f"<h4>{_safe(path)}</h4><pre>{_safe(last)}</pre>")
    return f'<div class="zaffre-run">{"".join(parts)}</div>'


def run_seconds(run: dict[str, Any]) -> float | None:
    """Return how long a run has worked, or None before it began."""
    if run.get("started_at") is None:
        return None
    return float((run.get("ended_at") or time.time()) - run["started_at"])


def _facts(run: dict[str, Any]) -> list[tuple[str, str]]:
    seconds = run_seconds(run)
    error = run["error"]
    found = {
        "Run": run["id"],
        "Name": run["name"] if run["name"] != run["id"] else "",
        "Experiment": run["experiment"],
        "Status": run["state"],
        "Error": f"{error['code']}: {error['message']}" if error else "",
        "Duration": "" if seconds is None else duration(seconds),
        "Compute": run["compute"],
        "Environment": run["environment"],
        "Command": run["command"],
        "Tags": ", ".join(f"{key}={value}" for key, value in run["tags"].items()),
        "Page": run["page"],
        "Notice": run["notice"],
    }
    return [(name, value) for name, value in found.items() if value]


def _summary(figure: Figure) -> str:
    form = figure["form"]
    if form == "lines":
        if "last" in figure:
            return f"{shown(figure['last'])} (last of {figure['count']})"
        return f"{sum(len(line['points']) for line in figure['lines'])} points"
    return {
        "value": lambda: shown(figure["value"]),
        "table": lambda: f"{figure['total']} rows: {', '.join(map(str, figure['columns']))}",
        "matrix": lambda: f"matrix of {len(figure['labels'])} classes",
        "images": lambda: ", ".join(figure["paths"]),
    }[form]()


def _drawn(figure: Figure, images: dict[str, str]) -> str:
    form = figure["form"]
    if form == "table":
        return _table(figure["columns"], figure["rows"][-_MOST_ROWS:])
    if form == "matrix":
        rows = [[label, *row] for label, row in zip(figure["labels"], figure["rows"])]
        return _table(["", *figure["labels"]], rows)
    if form == "images":
        return "".join(
            f'<img src="{_safe(images[path])}" alt="{_safe(path)}" style="max-width:320px">'
            if path in images
            else f"<div>{_safe(path)}</div>"
            for path in figure["paths"]
        )
    curves = _curves(figure) if form == "lines" else ""
    return f"{curves}<div>{_safe(_summary(figure))}</div>"


def _curves(figure: Figure) -> str:
    """Return the curves of a figure, and their names where there are several."""
    points = [point for line in figure["lines"] for point in line["points"]]
    if not points:
        return ""
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)

    def place(x: float, y: float) -> str:
        across = (x - left) / ((right - left) or 1)
        return f"{across * _WIDTH:.1f},{(1 - (y - low) / ((high - low) or 1)) * _HEIGHT:.1f}"

    hued = list(zip(figure["lines"], cycle(_HUES)))
    drawn = "".join(
        f'<polyline fill="none" stroke="{hue}" '
        f'points="{" ".join(place(x, y) for x, y in one["points"])}"/>'
        for one, hue in hued
    )
    names = ", ".join(
        f'<span style="color:{hue}">{_safe(one["name"])}</span>' for one, hue in hued
    )
    legend = f"<div>{names}</div>" if len(figure["lines"]) > 1 else ""
    size = f'width="{_WIDTH}" height="{_HEIGHT + 4}" viewBox="-2 -2 {_WIDTH + 4} {_HEIGHT + 4}"'
    return f"<svg {size}>{drawn}</svg>{legend}"


def _children(children: list[dict[str, Any]]) -> str:
    keys = [
        (group, key)
        for group in ("parameters", "metrics")
        for key in dict.fromkeys(key for child in children for key in child[group])
    ]
    rows = [
        [child["number"], child["name"], child["state"]]
        + [child[group].get(key) for group, key in keys]
        for child in children[-_MOST_ROWS:]
    ]
    return _table(["#", "Run", "Status", *(key for _, key in keys)], rows)


def _child_line(child: dict[str, Any]) -> str:
    values = {**child["parameters"], **child["metrics"]}
    listed = ", ".join(f"{key}={shown(value)}" for key, value in values.items())
    return _line(f"{child['number']:>4}  {child['state']:12} {child['name']}  {listed}".rstrip())


def _pairs(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th>{_safe(name)}</th><td>{_safe(value)}</td></tr>" for name, value in rows
    )
    return f"<table>{cells}</table>"


def _table(columns: list[Any], rows: list[list[Any]]) -> str:
    head = "".join(f"<th>{_safe(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_safe(shown(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _safe(value: object) -> str:
    return html.escape(str(value), quote=True)


def _line(text: object) -> str:
    """Return text that stays on its line and moves no cursor."""
    return "".join(one if one.isprintable() else " " for one in str(text))
