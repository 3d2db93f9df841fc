"""The user's process, and all that come of it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_ROUND_SECONDS = 0.05
_LEASH = Path(__file__).with_name("leash.py")


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends, where it can be.

    Without it, a process that forks twice would no longer be found below the runner.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class UserProcess:
    """A process in a session of its own, with its output in one pipe.

    Attributes:
        output: What it writes to stdout and stderr.
        ended: Set once it has ended.
        exit_code: Its exit code, or the negative number of the signal that killed it.
    """

    def __init__(self, command: Sequence[str], *, folder: Path, environ: dict[str, str]) -> None:
        self.ended = threading.Event()
        self.exit_code: int | None = None
        # PR_SET_PDEATHSIG counts the thread that forks as the parent: it must be the main one.
        self._process = subprocess.Popen(  # noqa: S603 (running it is what runs are for)
            [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if self._process.stdout is None:
            raise RuntimeError("There is no pipe for the output.")
        self.output: IO[bytes] = self._process.stdout
        wait = self._reap if hasattr(os, "waitstatus_to_exitcode") else self._wait
        threading.Thread(target=wait, name="reaper", daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def terminate(self, *, grace: float) -> None:
        """Ask the process and its group to end, and kill them after `grace` seconds."""
        self._signal(signal.SIGTERM)
        if not self.ended.wait(grace):
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self.ended.wait()

    def end_descendants(self, *, grace: float, seconds: float) -> bool:
        """End what the process left behind; tell whether nothing is left.

        Args:
            grace: How long they may take after a polite signal, before they are killed.
            seconds: How long to go on killing, since they may fork meanwhile.
        """
        left = _descendants()
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        if left:
            psutil.wait_procs(left, timeout=grace)
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left = _descendants()
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            if left:
                psutil.wait_procs(left, timeout=_ROUND_SECONDS)
        return not left

    def _signal(self, number: int) -> None:
        # The group may be gone, or hold only processes that have ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def _reap(self) -> None:
        """Fetch every child that ends, also the adopted ones, for as long as there are any."""
        while True:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                # Orphans may still come while the last processes are ended.
                time.sleep(_ROUND_SECONDS)
                continue
            if pid == self.pid:
                self._note(os.waitstatus_to_exitcode(status))

    def _wait(self) -> None:
        self._note(self._process.wait())

    def _note(self, exit_code: int) -> None:
        self.exit_code = exit_code
        # Popen did not fetch the process itself, and would warn.
        self._process.returncode = exit_code
        self.ended.set()


def _descendants() -> list[psutil.Process]:
    """Return what lives below this process."""
    living = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                living.append(process)
    return living
