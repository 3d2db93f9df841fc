"""Attempts of runs: what a runner tells the server."""

from __future__ import annotations

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.wire.runs import (
    AttemptBeat,
    AttemptEnd,
    AttemptOrders,
    AttemptStart,
    AttemptStarted,
    RunOut,
)


class Attempts:
    """Start, keep alive and end the attempt of a run; needs the token of that run."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/runs"

    def start(self, run_id: str, attempt: int) -> AttemptStarted:
        """Ask for leave to start the user's process; given once for each attempt.

        Raises:
            ConflictError: `StaleAttempt`, a later attempt has begun or the run has ended.
        """
        path = self._path(run_id, "start")
        body = AttemptStart(attempt=attempt)
        return self._transport.call("POST", path, answer=AttemptStarted, body=body)

    def beat(self, run_id: str, beat: AttemptBeat) -> AttemptOrders:
        """Say that the runner lives; hear what it is to do."""
        path = self._path(run_id, "beat")
        return self._transport.call("POST", path, answer=AttemptOrders, body=beat)

    def end(self, run_id: str, end: AttemptEnd) -> RunOut:
        """Say how the user's process ended, after everything else was sent."""
        path = self._path(run_id, "end")
        return self._transport.call("POST", path, answer=RunOut, body=end)

    def _path(self, run_id: str, act: str) -> str:
        return f"{self._root}/{quoted(run_id)}/attempt/{act}"
