"""Widgets: what a notebook or a terminal shows of a run."""

from __future__ import annotations

import sys
from typing import Any

from azureml.core._unsupported import Unsupported
from azureml.widgets._data import widget_data
from azureml.widgets._display import show_in_notebook
from azureml.widgets._views import first_view
from zaffre_sdk.widgets.page import as_text

__all__ = ["ParallelRunStepDetails", "RunDetails"]


class ParallelRunStepDetails(Unsupported):
    """The progress of a parallel step: not part of zaffre yet."""


class RunDetails:
    """A run as it is and, in a notebook with `zaffre-sdk[widgets]`, as it goes on.

    Example:
        >>> RunDetails(run).show()

    Args:
        run_instance: The run.
    """

    def __init__(self, run_instance: Any) -> None:
        self._run = run_instance

    def show(self, render_lib: Any = None, widget_settings: dict[str, Any] | None = None) -> None:
        """Show the run and return: live in a notebook, as text elsewhere.

        Args:
            render_lib: A function to hand the data of `get_widget_data` to, in place of showing.
            widget_settings: Accepted, and given back by `get_widget_data`.
        """
        if callable(render_lib):
            render_lib(self.get_widget_data(widget_settings))
            return
        sight, view = first_view(self._run)
        if not show_in_notebook(sight, view):
            sys.stdout.write(as_text(view))

    def get_widget_data(self, widget_settings: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what is shown, under v1's keys."""
        return widget_data(first_view(self._run)[1], widget_settings)
