"""Widgets: what a notebook or a terminal can show of a run without further packages."""

from __future__ import annotations

import html
import sys
from importlib import import_module
from typing import Any

from azureml.core._unsupported import Unsupported

__all__ = ["ParallelRunStepDetails", "RunDetails"]


class ParallelRunStepDetails(Unsupported):
    """The progress of a parallel step: not part of zaffre yet."""


class RunDetails:
    """The state and the metrics of a run, as they are when they are shown.

    Example:
        >>> RunDetails(run).show()
    """

    def __init__(self, run_instance: Any) -> None:
        self._run = run_instance

    def show(self, render_lib: Any = None, widget_settings: dict[str, Any] | None = None) -> None:
        """Show a table: in a notebook as HTML, elsewhere as text."""
        data = self.get_widget_data(widget_settings)
        kernel = sys.modules.get("IPython")
        if kernel is not None and kernel.get_ipython() is not None:
            display = import_module("IPython.display")
            display.display(display.HTML(_as_html(data)))
            return
        for name, value in _rows(data):
            sys.stdout.write(f"{name:24} {value}\n")

    def get_widget_data(self, widget_settings: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what is shown."""
        return {
            "status": self._run.get_status(),
            "run_id": self._run.id,
            "url": self._run.get_portal_url(),
            "metrics": self._run.get_metrics(),
        }


def _rows(data: dict[str, Any]) -> list[tuple[str, str]]:
    head = [("Run", data["run_id"]), ("Status", data["status"]), ("Page", data["url"])]
    return [*head, *((name, _short(value)) for name, value in data["metrics"].items())]


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[-1]} (last of {len(value)})" if value else "none"
    return str(value)


def _as_html(data: dict[str, Any]) -> str:
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in _rows(data)
    )
    return f"<table>{cells}</table>"
