"""Telling the server that this program lives: the runs of killed programs do not run for ever."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from zaffre_sdk.errors import SdkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zaffre_sdk.client import WorkspaceClient

EVERY_SECONDS = 30.0
_MOST_RUNS = 1000


class Heart:
    """Beats for every run that this process drives, in one request for all of a workspace.

    What logs metrics is heard anyway: such a run is left out for that time.
    """

    def __init__(self, *, every: float = EVERY_SECONDS) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._runs: dict[tuple[str, str], WorkspaceClient] = {}
        self._heard: dict[tuple[str, str], float] = {}
        self._thread: threading.Thread | None = None

    def keep(self, workspace: WorkspaceClient, run_id: str) -> None:
        """Begin to beat for a run that was created with the promise to do so."""
        key = (workspace.id, run_id)
        with self._lock:
            self._runs[key] = workspace
            self._heard[key] = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="zaffre-beat", daemon=True)
                self._thread.start()

    def heard(self, workspace_id: str, run_id: str) -> None:
        """Note that the server heard of the run in another way."""
        key = (workspace_id, run_id)
        if key in self._runs:
            self._heard[key] = time.monotonic()

    def leave(self, workspace_id: str, run_id: str) -> None:
        """Beat no longer for a run."""
        with self._lock:
            self._runs.pop((workspace_id, run_id), None)
            self._heard.pop((workspace_id, run_id), None)

    def beat(self) -> None:
        """Beat for every run that the server has not heard of lately; never fail."""
        for workspace, run_ids in self._due():
            for first in range(0, len(run_ids), _MOST_RUNS):
                self._tell(workspace, run_ids[first : first + _MOST_RUNS])

    def after_fork(self) -> None:
        """Leave the runs to the parent."""
        self._lock = threading.Lock()
        self._runs, self._heard, self._thread = {}, {}, None

    def _run(self) -> None:
        while True:
            time.sleep(self._every)
            self.beat()

    def _due(self) -> Iterable[tuple[WorkspaceClient, list[str]]]:
        since = time.monotonic() - self._every
        found: dict[str, tuple[WorkspaceClient, list[str]]] = {}
        with self._lock:
            for (workspace_id, run_id), workspace in self._runs.items():
                if self._heard.get((workspace_id, run_id), since) <= since:
                    found.setdefault(workspace_id, (workspace, []))[1].append(run_id)
        return list(found.values())

    def _tell(self, workspace: WorkspaceClient, run_ids: list[str]) -> None:
        try:
            ended = workspace.runs.beat(run_ids)
        except (SdkError, OSError):
            return  # What logs says so; the next beat comes anyway.
        for run_id in ended:
            self.leave(workspace.id, run_id)


heart = Heart()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=heart.after_fork)
