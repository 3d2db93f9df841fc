"""Becomes the user's process, on a leash: it dies with the runner, and keeps to its limits.

Run as a file, not as a module, so that it imports nothing of ours: `leash.py <pid of the runner>
<processors> <files of control groups> <program> <arguments>`. A function that runs between fork
and exec would do the same, but not safely in a process with threads, and a runner has some.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_NOT_FOUND = 127
_NOT_STARTED = 126


def main(arguments: list[str]) -> int:
    """Tie this process to its parent, put it under its limits, then become the program."""
    parent, processors, groups, *program = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        return 1  # The runner died before the leash was on.
    try:
        if processors:
            os.sched_setaffinity(0, map(int, processors.split(",")))
        for group in filter(None, groups.splitlines()):
            with open(group, "w", encoding="ascii") as file:  # noqa: PTH123 (starts sooner)
                file.write("0")  # This process.
    except OSError as error:
        sys.stderr.write(f"The limits of the run cannot be set: {error}\n")
        return _NOT_STARTED
    try:
        os.execvp(program[0], program)  # noqa: S606 (it is what the user asked to run)
    except OSError as error:
        sys.stderr.write(f"The program `{program[0]}` cannot be started: {error.strerror}.\n")
        return _NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
