"""Following a run in the background and telling what changed, until it ended."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from zaffre_sdk.errors import ConflictError, NotFoundError, SdkError
from zaffre_sdk.widgets.reading import RunSight, RunView

_LOG = logging.getLogger(__name__)
_QUICK_SECONDS = 0.5
_SLOW_SECONDS = 5.0
# Enough to open a dropped connection again; whoever looks is told soon when that does not help.
_PATIENCE_SECONDS = 1.0
_STALE = "Trying again, since this could not be read: {}"
_REFUSED = "The run was not cancelled: {}"
_GONE = "The run does not exist any more."
_BROKEN = "The run cannot be followed any more; the log of this program says why."


class Watch:
    """Follows one run from a thread of its own.

    A change of its state is told at once; its metrics, logs and children are looked at twice a
    second while they change, and less and less often, down to every five seconds, while not.
    """

    def __init__(self, sight: RunSight, view: RunView, *, tell: Callable[[RunView], None]) -> None:
        """Make a watch; `start` starts it.

        Args:
            sight: The run.
            view: What is known already.
            tell: Called from the thread with each view that differs from the one before.
        """
        self._sight = sight
        self._view = view
        self._tell = tell
        self._refused = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="run-details", daemon=True)

    @property
    def view(self) -> RunView:
        """What was seen last."""
        return self._view

    def start(self) -> None:
        """Begin, unless there is nothing to wait for."""
        if not self._view.run["ended"]:
            self._thread.start()

    def stop(self) -> None:
        """Tell nothing any more; the thread ends by itself soon after."""
        self._stopped.set()

    def join(self, seconds: float) -> bool:
        """Wait for the thread and return whether it has ended."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def cancel(self) -> None:
        """Ask for the end of the run, without waiting for the answer.

        A refusal is told with the next view.
        """
        self._refused = ""
        threading.Thread(target=self._cancel, name="run-cancel", daemon=True).start()

    def _cancel(self) -> None:
        try:
            # A run that ended meanwhile needs no cancelling, and the watch shows what is the case.
            with contextlib.suppress(ConflictError):
                self._sight.workspace.runs.cancel(self._sight.run_id)
        except SdkError as error:
            self._refused = _REFUSED.format(error)

    def _follow(self) -> None:
        try:
            self._follow_on()
        except Exception:  # noqa: BLE001 (a notebook goes on whatever happens to a picture in it)
            _LOG.exception("the widget of the run %s stopped", self._sight.run_id)
            self._show(_noted(self._view, _BROKEN))

    def _follow_on(self) -> None:
        pace = _QUICK_SECONDS
        while not self._stopped.is_set():
            changed = self._show(self._look(pace))
            if self._view.run["ended"] or self._view.run["notice"] == _GONE:
                return
            pace = _QUICK_SECONDS if changed else min(pace * 1.5, _SLOW_SECONDS)

    def _look(self, pace: float) -> RunView:
        """Wait for a change of the state, for `pace` seconds at most, and look."""
        seen = self._view.run["state"]
        try:
            run = self._sight.workspace.runs.wait(
                self._sight.run_id, state=seen, seconds=pace, patience=_PATIENCE_SECONDS
            )
            return _noted(self._sight.look(run), self._refused)
        except NotFoundError:
            return _noted(self._view, _GONE)
        except (SdkError, OSError) as error:
            self._stopped.wait(pace)
            return _noted(self._view, _STALE.format(error))

    def _show(self, view: RunView) -> bool:
        """Tell a view if it says something new; return whether it does."""
        if view == self._view or self._stopped.is_set():
            return False
        self._view = view
        self._tell(view)
        return True


def _noted(view: RunView, notice: str) -> RunView:
    return replace(view, run={**view.run, "notice": notice})
