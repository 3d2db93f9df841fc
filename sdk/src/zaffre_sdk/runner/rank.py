"""Runs one process of an MPI job, with its own variables and its own log, and tells how it failed.

Started by `mpirun`, once for each rank. Run as a file, of which a copy lies beside what it reads,
so that it imports nothing of ours: `rank.py <program> <arguments>`. The folder has for each rank
`<rank>.json`, its variables and limits, and `<rank>.log`, a pipe that the runner reads. One that
fails leaves `<rank>.exit` there: not every MPI ends the others then, or says which one it was.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_NOT_FOUND = 127
_NOT_STARTED = 126
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
# As Open MPI, then MPICH and Intel MPI, then Slurm name it.
_RANK_NAMES = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK")


def expanded(words: list[str], variables: dict[str, str]) -> list[str]:
    """Return words with `$NAME` and `${NAME}` filled in, for these variables alone."""
    if not variables:
        return words
    names = "|".join(re.escape(name) for name in sorted(variables, key=len, reverse=True))
    pattern = re.compile(r"\$(?:\{(" + names + r")\}|(" + names + r")(?![A-Za-z0-9_]))")
    return [
        pattern.sub(lambda match: variables[match.group(1) or match.group(2)], word)
        for word in words
    ]


def main(words: list[str]) -> int:
    """Take the variables and the log of this rank, run the program, and end as it does."""
    _die_with_parent()
    rank = next((os.environ[name] for name in _RANK_NAMES if name in os.environ), None)
    if rank is None:
        sys.stderr.write("This `mpirun` does not tell its processes which rank they have.\n")
        return _NOT_FOUND
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (starts sooner)
    place = os.path.join(folder, rank)  # noqa: PTH118 (as above)
    with open(place + ".json", encoding="utf-8") as file:  # noqa: PTH123 (as above)
        said = json.load(file)
    variables = said["variables"]
    log = os.open(place + ".log", os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.update(variables)
    if not _is_limited(said):
        _tell(place + ".exit", _NOT_STARTED << 8)
        return _NOT_STARTED
    status = _run(expanded(words, variables))
    if status:
        _tell(place + ".exit", status)
    if os.WIFSIGNALED(status):
        # So that `mpirun` sees what happened.
        number = os.WTERMSIG(status)
        if number in _PASSED_ON:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return os.WEXITSTATUS(status)


def _is_limited(said: dict[str, list[str]]) -> bool:
    """Put this process, and what it starts, under the limits of its node."""
    try:
        if said["processors"]:
            os.sched_setaffinity(0, map(int, said["processors"]))
        for group in said["groups"]:
            with open(group, "w", encoding="ascii") as file:  # noqa: PTH123 (as above)
                file.write("0")  # This process.
    except OSError as error:
        sys.stderr.write(f"The limits of the run cannot be set: {error}\n")
        return False
    return True


def _run(program: list[str]) -> int:
    """Run the program below this process, and return its status once it has ended."""
    pid = os.fork()
    if not pid:
        _die_with_parent()
        try:
            os.execvp(program[0], program)  # noqa: S606 (it is what the user asked to run)
        except OSError as error:
            sys.stderr.write(f"The program `{program[0]}` cannot be started: {error.strerror}.\n")
            sys.stderr.flush()
        os._exit(_NOT_FOUND)
    for number in _PASSED_ON:
        signal.signal(number, lambda number, _: os.kill(pid, number))
    return os.waitpid(pid, 0)[1]


def _tell(path: str, status: int) -> None:
    """Write when the program failed, and how: with a negative number for a signal."""
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    with open(path + ".new", "w", encoding="ascii") as file:  # noqa: PTH123 (as above)
        file.write(f"{time.monotonic_ns()} {code}")
    os.rename(path + ".new", path)  # noqa: PTH104 (as above)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
