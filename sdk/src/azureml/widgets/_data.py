"""What `get_widget_data` gives: the keys under which v1's widget got its data."""

from __future__ import annotations

from typing import Any

from azureml.core._run_base import iso
from zaffre_sdk.tracking.watching import main_log
from zaffre_sdk.widgets.cells import duration
from zaffre_sdk.widgets.page import run_seconds
from zaffre_sdk.widgets.reading import RunView


def widget_data(view: RunView, settings: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is shown of a run, under v1's keys."""
    run = view.run
    return {
        "status": run["state"],
        "workbench_run_details_uri": run["page"],
        "run_id": run["id"],
        "run_properties": {
            "run_id": run["id"],
            "run_number": run["number"],
            "created_utc": iso(run["created_at"]),
            "start_time_utc": iso(run["started_at"]),
            "end_time_utc": iso(run["ended_at"]),
            "status": run["state"],
            "tags": run["tags"],
            "arguments": run["command"],
            "log_files": list(view.logs),
            "run_duration": _duration(run),
            "error": run["error"],
        },
        "child_runs": [_child(child) for child in view.children],
        "children_metrics": {child["id"]: child["metrics"] for child in view.children},
        "run_metrics": [_metric(figure, run["id"]) for figure in view.figures],
        "run_logs": view.logs.get(main_log(view.logs) or "") or next(iter(view.logs.values()), ""),
        "graph": {},
        "widget_settings": dict(settings or {}),
        "loading": False,
    }


def _child(child: dict[str, Any]) -> dict[str, Any]:
    return {
        "run_id": child["id"],
        "run_name": child["name"],
        "run_number": child["number"],
        "status": child["state"],
        "start_time": iso(child["started_at"]),
        "end_time": iso(child["ended_at"]),
        "duration": _duration(child),
        **{f"param_--{name}": value for name, value in child["parameters"].items()},
    }


def _metric(figure: dict[str, Any], run_id: str) -> dict[str, Any]:
    places, series = _series(figure)
    return {"name": figure["name"], "run_id": run_id, "categories": places, "series": series}


def _series(figure: dict[str, Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    form = figure["form"]
    if form == "value":
        return [0], [{"data": [figure["value"]]}]
    if form == "lines":
        places = [x for x, _ in figure["lines"][0]["points"]] if figure["lines"] else []
        return places, [
            {"name": line["name"], "data": [y for _, y in line["points"]]}
            for line in figure["lines"]
        ]
    if form in ("table", "matrix"):
        columns = figure.get("columns") or figure["labels"]
        data = [
            {"name": name, "data": [row[at] for row in figure["rows"]]}
            for at, name in enumerate(columns)
        ]
        return list(range(len(figure["rows"]))), data
    return [0], [{"data": list(figure["paths"])}]


def _duration(run: dict[str, Any]) -> str | None:
    seconds = run_seconds(run)
    return None if seconds is None else duration(seconds)
