"""The log files of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zaffre_sdk.client.paths import quoted, quoted_path
from zaffre_sdk.client.transport import Answer, Request, Transport
from zaffre_sdk.wire.artifacts import LogList, LogOut

STATE_HEADER = "x-zaffre-run-state"
SIZE_HEADER = "x-zaffre-log-size"


class LogPart(NamedTuple):
    """A piece of a log.

    Attributes:
        data: The bytes from the offset that was asked for.
        state: The state of the run when they were read; empty for endpoints.
        size: How many bytes the whole log had.
    """

    data: bytes
    state: str
    size: int


class Logs:
    """Read logs as they grow, and append to them."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/runs"

    def list(self, run_id: str) -> Sequence[LogOut]:
        """Return the log files of a run, by path."""
        path = f"{self._root}/{quoted(run_id)}/logs"
        return self._transport.call("GET", path, answer=LogList).value

    def read(self, run_id: str, path: str, *, offset: int = 0, wait: float = 0.0) -> LogPart:
        """Return what a log holds behind `offset`.

        Args:
            run_id: The run.
            path: The log, such as `user_logs/std_log.txt`.
            offset: Where to read on.
            wait: How many seconds to wait for more while there is nothing and the run goes on.
        """
        request = Request(
            "GET",
            self._path(run_id, path),
            query={"offset": offset, "wait": wait or None},
            seconds=wait,
        )
        return log_part(self._transport.exchange(request), offset)

    def append(self, run_id: str, path: str, *, offset: int, data: bytes) -> LogOut:
        """Write bytes at `offset`, the present end; what is there already is not doubled.

        Raises:
            ConflictError: The log ends elsewhere.
        """
        request = Request("PUT", self._path(run_id, path), query={"offset": offset}, body=data)
        return self._transport.read(self._transport.exchange(request), LogOut)

    def _path(self, run_id: str, path: str) -> str:
        return f"{self._root}/{quoted(run_id)}/logs/{quoted_path(path)}"


def log_part(answer: Answer, offset: int) -> LogPart:
    """Return the piece of a log that an answer carries."""
    size = answer.headers.get(SIZE_HEADER)
    return LogPart(
        answer.data,
        answer.headers.get(STATE_HEADER, ""),
        int(size) if size else offset + len(answer.data),
    )
