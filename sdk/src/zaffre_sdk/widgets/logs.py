"""The last lines of the logs of a run, as text that means nothing but itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zaffre_sdk.client.logs import LogPart
from zaffre_sdk.tracking.watching import main_log
from zaffre_sdk.wire.artifacts import LogOut

_MOST_LOGS = 12
_TAIL_BYTES = 48 * 1024
# Escape sequences of terminals: colours, cursors, titles and links of windows.
_ESCAPES = re.compile(
    r"""\x1b(?:
        \[[0-?]*[\x20-/]*[@-~]
      | \][^\x07\x1b]*(?:\x07|\x1b\\)?
      | [PX^_][^\x1b]*(?:\x1b\\)?
      | [\x20-/]*[0-~]
    )""",
    re.VERBOSE,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class LogReader(Protocol):
    """The part of the client that reads logs."""

    def list(self, run_id: str) -> Sequence[LogOut]:
        """Return the log files of a run, by path."""

    def read(self, run_id: str, path: str, *, offset: int = 0, wait: float = 0.0) -> LogPart:
        """Return what a log holds behind `offset`."""


@dataclass
class _Tail:
    end: int = 0
    data: bytes = b""
    cut: bool = False
    text: str = ""


class LogTails:
    """The ends of the logs of one run; only what is new is fetched."""

    def __init__(self, logs: LogReader, run_id: str) -> None:
        self._logs = logs
        self._run_id = run_id
        self._tails: dict[str, _Tail] = {}

    def look(self) -> dict[str, str]:
        """Return the last lines of each log by its path, that of the script first."""
        logs = self._logs.list(self._run_id)
        main = main_log(log.path for log in logs)
        found = sorted(logs, key=lambda log: log.path != main)
        return {log.path: self._text(log) for log in found[:_MOST_LOGS]}

    def _text(self, log: LogOut) -> str:
        tail = self._tails.setdefault(log.path, _Tail())
        if log.size > tail.end:
            self._extend(tail, log)
        return tail.text

    def _extend(self, tail: _Tail, log: LogOut) -> None:
        start = max(tail.end, log.size - _TAIL_BYTES)
        kept = tail.data if start == tail.end else b""
        tail.cut = tail.cut or start > tail.end
        part = self._logs.read(self._run_id, log.path, offset=start)
        tail.end = start + len(part.data)
        held = kept + part.data
        tail.cut = tail.cut or len(held) > _TAIL_BYTES
        tail.data = held[-_TAIL_BYTES:]
        text = tail.data.decode("utf-8", "replace")
        tail.text = cleaned(f"…\n{_whole_lines(text)}" if tail.cut else text)


def cleaned(text: str) -> str:
    """Return text without escape sequences, overwritten progress and invisible controls."""
    lines = _ESCAPES.sub("", text).split("\n")
    return _CONTROLS.sub("", "\n".join(_last_written(line) for line in lines))


def _whole_lines(text: str) -> str:
    """Return text without the rest of a line that it begins with, unless there is no other."""
    _cut, newline, following = text.partition("\n")
    return following if newline else text


def _last_written(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]
