"""Following a run: its logs as they appear, until it has ended."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Protocol

from zaffre_sdk.client.logs import LogPart
from zaffre_sdk.wire.runs import RunOut

TERMINAL = frozenset({"Completed", "Failed", "Canceled"})
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
USER_LOG = "user_logs/std_log.txt"
# A build has its log read at this pace; a change of state is answered at once all the same.
_BUILD_SECONDS = 0.5
_WAIT_SECONDS = 20.0
_NOT_BEGUN = frozenset({"NotStarted", "Queued", "Preparing", "Provisioning", "Starting"})

Write = Callable[[str], object]


class RunReader(Protocol):
    """The part of the client that reads runs."""

    def get(self, run_id: str) -> RunOut:
        """Return a run as it is now."""

    def wait(self, run_id: str, *, state: str | None = None, seconds: float = ...) -> RunOut:
        """Return the run once it is in another state than `state`, or after `seconds`."""


class LogReader(Protocol):
    """The part of the client that reads logs."""

    def read(self, run_id: str, path: str, *, offset: int = 0, wait: float = 0.0) -> LogPart:
        """Return what a log holds behind `offset`."""


def wait_for_end(runs: RunReader, run_id: str) -> RunOut:
    """Return the run once it has ended."""
    run = runs.get(run_id)
    while run.state not in TERMINAL:
        run = runs.wait(run_id, state=run.state, seconds=_WAIT_SECONDS)
    return run


def follow(runs: RunReader, logs: LogReader, run_id: str, *, write: Write) -> RunOut:
    """Write the logs of a run as they appear and return the run once it has ended."""
    build = _Tail(logs, run_id, BUILD_LOG, write)
    user = _Tail(logs, run_id, USER_LOG, write)
    run = runs.get(run_id)
    while run.state in _NOT_BEGUN:
        build.pull()
        run = runs.wait(run_id, state=run.state, seconds=_BUILD_SECONDS)
    build.drain()
    state = run.state
    while state not in TERMINAL:
        # The answer comes with the first new byte, or when the run ends.
        state = user.pull(wait=_WAIT_SECONDS) or runs.get(run_id).state
    user.drain()
    return wait_for_end(runs, run_id)


class _Tail:
    """One log and how far it has been written out."""

    def __init__(self, logs: LogReader, run_id: str, path: str, write: Write) -> None:
        self._logs = logs
        self._run_id = run_id
        self._path = path
        self._write = write
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def pull(self, *, wait: float = 0.0) -> str:
        """Write what is new and return the state of the run."""
        part = self._logs.read(self._run_id, self._path, offset=self._offset, wait=wait)
        if part.data:
            if not self._offset:
                title = f"Streaming {self._path}"
                self._write(f"\n{title}\n{'=' * len(title)}\n\n")
            self._offset += len(part.data)
            self._write(self._decoder.decode(part.data))
        return part.state

    def drain(self) -> None:
        """Write everything that is left."""
        before = -1
        while before != self._offset:
            before = self._offset
            self.pull()
