"""How an attempt ended, in words."""

from __future__ import annotations

import re
import signal
from typing import NamedTuple, Optional

from zaffre_sdk.wire.runs import RunError

_KILLED = 9
_LONGEST = 300
_TRACEBACK = "Traceback (most recent call last):\n"
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:: .*)?$", re.MULTILINE)
# What the compiler says has no traceback.
_NOT_PYTHON = re.compile(r"^(?:SyntaxError|IndentationError|TabError): .*$", re.MULTILINE)


class Ending(NamedTuple):
    """What is known of the end of the user's process.

    Attributes:
        exit_code: Negative for a signal.
        canceled: Whether the runner ended it because somebody asked to.
        over_limit: The limit in seconds that it exceeded, if that is why the runner ended it.
    """

    exit_code: int
    canceled: bool = False
    over_limit: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)


class Outcome(NamedTuple):
    """What the runner tells the server."""

    state: str
    exit_code: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)
    error: Optional[RunError] = None  # noqa: UP045 (evaluated on Python 3.9)


def judge(ending: Ending, *, program: str, tail: str) -> Outcome:
    """Say how the run ended, and why if it failed.

    Args:
        ending: What happened.
        program: What people call the process, such as the name of the script.
        tail: The last lines of its output.
    """
    if ending.over_limit is not None:
        return _failed(ending, "MaxRunDurationExceeded", _limit_words(ending.over_limit), tail)
    if ending.canceled:
        return Outcome("Canceled", ending.exit_code)
    if ending.exit_code == 0:
        return Outcome("Completed", 0)
    words = _exit_words(program, ending.exit_code, tail)
    return _failed(ending, "UserScriptFailed", words, tail)


def _failed(ending: Ending, code: str, message: str, tail: str) -> Outcome:
    return Outcome("Failed", ending.exit_code, RunError(code=code, message=message, details=tail))


def _limit_words(seconds: int) -> str:
    return (
        f"The run took longer than its limit of {seconds} seconds and was ended. Raise "
        "`max_run_duration_seconds` in its run configuration, or set it to None."
    )


def _exit_words(program: str, exit_code: int, tail: str) -> str:
    if exit_code >= 0:
        raised = _raised(tail)
        why = f": {raised.rstrip('.')}" if raised else ""
        memory = " It asked for more memory than there is." if raised == "MemoryError" else ""
        return (
            f"`{program}` failed with exit code {exit_code}{why}.{memory} The last lines of its "
            "log follow."
        )
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "an unknown signal"
    memory = ", perhaps because the machine ran out of memory" if exit_code == -_KILLED else ""
    return f"`{program}` was killed by signal {-exit_code} ({name}){memory}."


def _raised(tail: str) -> str:
    """Return the line of the last traceback that says what was raised; empty without one."""
    _before, found, last = tail.rpartition(_TRACEBACK)
    match = (_RAISED if found else _NOT_PYTHON).search(last)
    return match.group()[:_LONGEST] if match else ""
