"""Putting a run into a notebook: the widget, and next to it what is seen where no widget lives."""

from __future__ import annotations

import sys
import uuid
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from zaffre_sdk.widgets.page import as_html, as_text
from zaffre_sdk.widgets.reading import RunSight, RunView

_WIDGET = "application/vnd.jupyter.widget-view+json"


def show_in_notebook(sight: RunSight | None, view: RunView) -> bool:
    """Display the run if this program is an IPython one; return whether it is."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return False
    display = import_module("IPython.display")
    name = uuid.uuid4().hex
    widget = None
    if sight is not None and hasattr(shell, "kernel") and find_spec("anywidget") is not None:
        widget = import_module("zaffre_sdk.widgets.widget").RunWidget(sight, view)

    def finish(last: RunView) -> None:
        """Bring what is saved with the notebook up to the end of the run."""
        display.update_display(_bundle(last, widget), display_id=name, raw=True)

    display.display(_bundle(view, widget), display_id=name, raw=True)
    if widget is not None:
        widget.start(finish)
    return True


def _bundle(view: RunView, widget: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"text/plain": as_text(view), "text/html": as_html(view)}
    if widget is not None:
        model = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
        shown[_WIDGET] = model
    return shown
