"""Ends what a run of the tests left on the machine; a program beside it that outlives it.

It is told the session's folder in the first line of its input, and waits until that ends: however
the session does, by itself, by Ctrl-C or by being killed.
"""

import contextlib
import os
import sys
from collections.abc import Iterator

import psutil
from zaffre.adapters.launchers.processes import kill_until_none

_SECONDS = 20.0


def leftovers(folder: str, *, session: int) -> Iterator[psutil.Process]:
    """Yield living servers, runners, instances and scripts that know a path below the folder."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in {session, os.getpid()} and _is_left(process, folder):
                yield process


def _is_left(process: psutil.Process, folder: str) -> bool:
    environ, arguments = process.environ(), process.cmdline()
    # Whatever else works there is somebody's shell or editor.
    is_run = "AZUREML_RUN_ID" in environ or "ZAFFRE_INSTANCE" in environ
    if not is_run and not any(a.startswith("zaffre") for a in arguments):
        return False
    known = (process.cwd(), *environ.values(), *arguments)
    return any(f"{folder}/" in f"{text}/" for text in known)


def main() -> None:
    session = os.getppid()
    folder = sys.stdin.readline().rstrip("\n")
    sys.stdin.read()
    if folder:
        kill_until_none(lambda: leftovers(folder, session=session), seconds=_SECONDS)


if __name__ == "__main__":
    main()
