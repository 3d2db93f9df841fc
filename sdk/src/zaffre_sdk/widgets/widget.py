"""The live widget of a run; the only module that needs anywidget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from zaffre_sdk.widgets.reading import RunSight, RunView
from zaffre_sdk.widgets.watching import Watch

_HERE = Path(__file__).parent
_TRAITS = ("run", "figures", "images", "logs", "children")


class RunWidget(anywidget.AnyWidget):
    """Shows a run, and what becomes of it until it ended or the widget is closed.

    Everything a person can look at is in the state, so that picking a log or sorting a table works
    while the kernel is busy, and in a saved notebook.
    """

    _esm = _HERE / "widget.js"
    _css = _HERE / "widget.css"

    run = traitlets.Dict().tag(sync=True)
    figures: traitlets.List[Any] = traitlets.List().tag(sync=True)
    images = traitlets.Dict().tag(sync=True)
    logs = traitlets.Dict().tag(sync=True)
    children: traitlets.List[Any] = traitlets.List().tag(sync=True)
    # What was picked: kept for the next view of the same widget.
    picked = traitlets.Dict().tag(sync=True)

    def __init__(self, sight: RunSight, view: RunView) -> None:
        self.watch = Watch(sight, view, tell=self._take)
        self._finish: Callable[[RunView], object] | None = None
        super().__init__(**{name: getattr(view, name) for name in _TRAITS})
        self.on_msg(self._hear)
        if self.comm is not None:
            self.comm.on_close(lambda _message: self.close())

    def start(self, finish: Callable[[RunView], object]) -> None:
        """Follow the run; `finish` gets the last view once it has ended."""
        self._finish = finish
        self.watch.start()

    def close(self) -> None:
        """Stop following, and go away."""
        self.watch.stop()
        super().close()

    def _take(self, view: RunView) -> None:
        with self.hold_sync():
            for name in _TRAITS:
                setattr(self, name, getattr(view, name))
        if view.run["ended"] and self._finish is not None:
            self._finish(view)

    def _hear(self, _widget: object, content: object, _buffers: object) -> None:
        if isinstance(content, dict) and content.get("ask") == "cancel":
            self.watch.cancel()
