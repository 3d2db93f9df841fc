"""Following a run: its logs as they appear, until it has ended."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from zaffre_sdk.client.logs import LogPart
from zaffre_sdk.wire.artifacts import LogOut
from zaffre_sdk.wire.runs import RunOut

TERMINAL = frozenset({"Completed", "Failed", "Canceled"})
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
USER_LOG = "user_logs/std_log.txt"
# A build has its log read at this pace; a change of state is answered at once all the same.
_BUILD_SECONDS = 0.5
_WAIT_SECONDS = 20.0
# A run that was taken away and started again has another log, which may begin at any moment.
_RESTARTED_SECONDS = 1.0
_NOT_BEGUN = frozenset({"NotStarted", "Queued", "Preparing", "Provisioning", "Starting"})
_MAIN_LOG = re.compile(r"user_logs/(?:retry_(\d+)/)?std_log(?:_process_0)?\.txt")

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

    def list(self, run_id: str) -> Sequence[LogOut]:
        """Return the logs that there are."""


def wait_for_end(runs: RunReader, run_id: str) -> RunOut:
    """Return the run once it has ended."""
    run = runs.get(run_id)
    while run.state not in TERMINAL:
        run = runs.wait(run_id, state=run.state, seconds=_WAIT_SECONDS)
    return run


def follow(runs: RunReader, logs: LogReader, run_id: str, *, write: Write) -> RunOut:
    """Write the logs of a run as they appear, and why it waits; return it once it has ended."""
    return _Follower(runs, logs, run_id, write).follow()


def main_log(paths: Iterable[str]) -> str | None:
    """Return the log of what the script wrote last: of its first process, if it has several."""
    found = [match for match in map(_MAIN_LOG.fullmatch, paths) if match]
    best = max(found, key=lambda one: (int(one.group(1) or 0), -len(one.group())), default=None)
    return None if best is None else best.group()


class _Follower:
    """One run that is followed."""

    def __init__(self, runs: RunReader, logs: LogReader, run_id: str, write: Write) -> None:
        self._runs = runs
        self._logs = logs
        self._run_id = run_id
        self._write = write
        self._build = _Tail(logs, run_id, BUILD_LOG, write)
        self._tails: dict[str, _Tail] = {}
        self._reason: str | None = None

    def follow(self) -> RunOut:
        """Write everything and return the run once it has ended."""
        run = self._runs.get(self._run_id)
        while run.state not in TERMINAL:
            run = self._await_begin(run) if run.state in _NOT_BEGUN else self._pull(run)
        self._build.drain()
        self._tail().drain()
        return wait_for_end(self._runs, self._run_id)

    def _await_begin(self, run: RunOut) -> RunOut:
        while run.state in _NOT_BEGUN:
            if run.waits_for and run.waits_for != self._reason:
                self._reason = run.waits_for
                self._write(f"{run.state}: {run.waits_for}\n")
            self._build.pull()
            run = self._runs.wait(self._run_id, state=run.state, seconds=_BUILD_SECONDS)
        self._build.drain()
        return run

    def _pull(self, run: RunOut) -> RunOut:
        """Write what is new in the log, waiting for it; return the run as it is then."""
        restarted = run.attempt > 1
        # The answer comes with the first new byte, or when the run ends.
        state = self._tail(look=restarted).pull(
            wait=_RESTARTED_SECONDS if restarted else _WAIT_SECONDS
        )
        return run if state == run.state else self._runs.get(self._run_id)

    def _tail(self, *, look: bool = True) -> _Tail:
        """Return the log that is written now; look for it, unless one has begun already."""
        begun = [tail for tail in self._tails.values() if tail.has_begun]
        if begun and not look:
            return begun[-1]
        path = main_log(one.path for one in self._logs.list(self._run_id)) or USER_LOG
        return self._tails.setdefault(path, _Tail(self._logs, self._run_id, path, self._write))


class _Tail:
    """One log and how far it has been written out."""

    def __init__(self, logs: LogReader, run_id: str, path: str, write: Write) -> None:
        self._logs = logs
        self._run_id = run_id
        self._path = path
        self._write = write
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    @property
    def has_begun(self) -> bool:
        """Whether anything was written out."""
        return self._offset > 0

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
