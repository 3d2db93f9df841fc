"""How an attempt ended, in words."""

from __future__ import annotations

import re
import signal
from typing import NamedTuple, Optional

from zaffre_sdk.wire.runs import RunError

_KILLED = 9
_LONGEST = 300
_DETAIL_LINES = 20
_TRACEBACK = "Traceback (most recent call last):\n"
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:: .*)?$", re.MULTILINE)
# PyTorch begins every line of a traceback so in a process of many.
_RANK_PREFIX = re.compile(r"^\[rank\d+\]: ", re.MULTILINE)
# What the compiler says has no traceback.
_NOT_PYTHON = re.compile(r"^(?:SyntaxError|IndentationError|TabError): .*$", re.MULTILINE)


class MemoryUse(NamedTuple):
    """How much memory a run might use, and how much it did.

    Attributes:
        node: On which of its nodes; empty for the only one.
    """

    limit_mb: int
    peak_mb: int
    node: str = ""


class TimeLimit(NamedTuple):
    """How long a run might take.

    Attributes:
        of_run: The run says so itself; else its compute target does.
    """

    seconds: int
    of_run: bool = True


class Ending(NamedTuple):
    """What is known of the end of the user's process.

    Attributes:
        exit_code: Negative for a signal.
        canceled: Whether the runner ended it because somebody asked to.
        over_limit: The time that it exceeded, if that is why the runner ended it.
        over_memory: The memory that it exceeded, if that is why it was ended.
        process: Which one of many it was, in words; empty for the only one.
        log_path: The log of it, where there are others.
        peak_mb: The most memory that was seen in use; 0 where nobody looked.
        is_unstarted: It was not started, since there was no container for it.
    """

    exit_code: int
    canceled: bool = False
    over_limit: Optional[TimeLimit] = None  # noqa: UP045 (evaluated on Python 3.9)
    over_memory: Optional[MemoryUse] = None  # noqa: UP045 (evaluated on Python 3.9)
    process: str = ""
    log_path: str = ""
    peak_mb: int = 0
    is_unstarted: bool = False


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
        tail: The end of its output.
    """
    if ending.over_limit is not None:
        code, words = "MaxRunDurationExceeded", _time_words(ending.over_limit)
    elif ending.canceled:
        return Outcome("Canceled", ending.exit_code)
    elif ending.over_memory is not None:
        code, words = "MemoryLimitExceeded", _memory_words(ending.over_memory)
    elif ending.exit_code == 0:
        return Outcome("Completed", 0)
    elif ending.is_unstarted:
        code, words = "ContainerFailed", _unstarted_words(program, tail)
    else:
        code, words = "UserScriptFailed", _exit_words(program, ending, tail)
    details = "\n".join(tail.splitlines()[-_DETAIL_LINES:])
    return Outcome("Failed", ending.exit_code, RunError(code=code, message=words, details=details))


def _time_words(limit: TimeLimit) -> str:
    said = f"The run took longer than its limit of {limit.seconds} seconds and was ended. "
    if limit.of_run:
        return (
            said + "Raise `max_run_duration_seconds` in its run configuration, or set it to None."
        )
    return (
        said + "The limit is that of its compute target: raise it there, or submit to another one."
    )


def _memory_words(use: MemoryUse) -> str:
    run = f"Node {use.node} of the run" if use.node else "The run"
    return (
        f"{run} needed more memory than its limit of {use.limit_mb} MB and was ended; at most "
        f"{use.peak_mb} MB were in use. Submit it to a compute target with a larger `vm_size`, "
        "or let it hold less at once, such as smaller batches or fewer worker processes."
    )


def _unstarted_words(program: str, tail: str) -> str:
    said = next((line for line in reversed(tail.splitlines()) if line.strip()), "")
    return f"`{program}` could not be started in its container: {said[:_LONGEST]}"


def _exit_words(program: str, ending: Ending, tail: str) -> str:
    if ending.exit_code < 0:
        return _signal_words(program, ending)
    raised = _raised(tail)
    why = f": {raised.rstrip('.')}" if raised else ""
    memory = " It asked for more memory than there is." if raised == "MemoryError" else ""
    where = f"its log `{ending.log_path}`" if ending.log_path else "its log"
    return (
        f"{_subject(program, ending)} failed with exit code {ending.exit_code}{why}.{memory} The "
        f"last lines of {where} follow."
    )


def _signal_words(program: str, ending: Ending) -> str:
    try:
        name = signal.Signals(-ending.exit_code).name
    except ValueError:
        name = "an unknown signal"
    memory = ""
    if ending.exit_code == -_KILLED:
        used = f" ({ending.peak_mb} MB were seen in use)" if ending.peak_mb else ""
        memory = f", perhaps because the machine ran out of memory{used}"
    return (
        f"{_subject(program, ending)} was killed by signal {-ending.exit_code} ({name}){memory}."
    )


def _subject(program: str, ending: Ending) -> str:
    return f"`{program}` ({ending.process})" if ending.process else f"`{program}`"


def _raised(tail: str) -> str:
    """Return the line of the last traceback that says what was raised; empty without one."""
    _before, found, last = _RANK_PREFIX.sub("", tail).rpartition(_TRACEBACK)
    match = (_RAISED if found else _NOT_PYTHON).search(last)
    return match.group()[:_LONGEST] if match else ""
