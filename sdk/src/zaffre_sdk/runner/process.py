"""The user's processes, and all that come of them."""

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
from typing import IO, NamedTuple

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_ROUND_SECONDS = 0.05
_STRANGER_ROUNDS = 10
_STRANGER_SECONDS = 0.02
_LEASH = Path(__file__).with_name("leash.py")


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends, where it can be.

    Without it, a process that forks twice would no longer be found below the runner.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Leash(NamedTuple):
    """What a process is tied to before it becomes the user's program.

    Attributes:
        processors: The only ones it may run on; empty is all.
        groups: The files of control groups that take it in.
    """

    processors: Sequence[int] = ()
    groups: Sequence[Path] = ()

    def words(self) -> list[str]:
        """Return what the leash is told."""
        groups = "\n".join(map(str, self.groups))  # Which may have colons in them.
        return [str(os.getpid()), ",".join(map(str, self.processors)), groups]


class Children:
    """Starts processes, and notes when and how each of them ends.

    It also fetches what the runner adopts. Other code here may start processes, and wait for them
    right away.
    """

    def __init__(self) -> None:
        self.news = threading.Condition()
        self._known: dict[int, UserProcess] = {}
        self._count = 0
        self._thread: threading.Thread | None = None

    def start(
        self, command: Sequence[str], *, folder: Path, environ: dict[str, str], leash: Leash
    ) -> UserProcess:
        """Start a process in a session of its own.

        Raises:
            OSError: It cannot be started.
        """
        # Held while it starts: it may have ended before anybody knows it.
        with self.news:
            # PR_SET_PDEATHSIG counts the thread that forks as the parent: it must be the main one.
            process = subprocess.Popen(  # noqa: S603 (running it is what runs are for)
                [sys.executable, "-I", "-S", str(_LEASH), *leash.words(), *command],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            started = UserProcess(process, self.news)
            self._known[process.pid] = started
        self._watch(started)
        return started

    def _watch(self, started: UserProcess) -> None:
        if sys.platform != "linux":
            # Nobody adopts orphans there.
            threading.Thread(
                target=self._wait, args=(started,), name="reaper", daemon=True
            ).start()
        elif self._thread is None:
            self._thread = threading.Thread(target=self._reap, name="reaper", daemon=True)
            self._thread.start()

    def _reap(self) -> None:
        """Fetch every child that ends, also the adopted ones, for as long as there are any."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            except ChildProcessError:
                # Orphans may still come while the last processes are ended.
                time.sleep(_ROUND_SECONDS)
                continue
            self._fetch_known()
            if ended is not None and ended.si_pid not in self._known:
                self._fetch_orphans()

    def _fetch_known(self) -> None:
        with self.news:
            living = [pid for pid, process in self._known.items() if not process.has_ended]
        for pid in living:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._note(self._known[pid], os.waitstatus_to_exitcode(status))

    def _fetch_orphans(self) -> None:
        """Fetch what other code does not: it is left a moment for its own children."""
        strangers = self._ended_strangers()
        for _ in range(_STRANGER_ROUNDS):
            time.sleep(_STRANGER_SECONDS)
            self._fetch_known()
        for pid in strangers & self._ended_strangers():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _ended_strangers(self) -> set[int]:
        found = set()
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE and process.pid not in self._known:
                    found.add(process.pid)
        return found

    def _wait(self, process: UserProcess) -> None:
        self._note(process, process.wait_alone())

    def _note(self, process: UserProcess, exit_code: int) -> None:
        with self.news:
            self._count += 1
            process.note(exit_code, order=self._count)
            self.news.notify_all()


class UserProcess:
    """A process with its output in one pipe.

    Attributes:
        output: What it writes to stdout and stderr.
        exit_code: Its exit code, or the negative number of the signal that killed it; None while
            it runs.
        order: As which of all processes it ended; 0 while it runs.
    """

    def __init__(self, process: subprocess.Popen[bytes], news: threading.Condition) -> None:
        if process.stdout is None:
            raise RuntimeError("There is no pipe for the output.")
        self.output: IO[bytes] = process.stdout
        self.exit_code: int | None = None
        self.order = 0
        self._process = process
        self._news = news

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self.exit_code is not None

    def ask_to_end(self) -> None:
        """Ask the process and its group to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process and its group, and wait until it is gone."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        with self._news:
            self._news.wait_for(lambda: self.has_ended)

    def wait_alone(self) -> int:
        """Wait for the end where each process has a thread that waits for it."""
        return self._process.wait()

    def note(self, exit_code: int, *, order: int) -> None:
        """Take down that it has ended."""
        self.order = order
        self.exit_code = exit_code
        # Popen did not fetch the process itself, and would warn.
        self._process.returncode = exit_code

    def _signal(self, number: int) -> None:
        # The group may be gone, or hold only processes that have ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)


def end_descendants(*, grace: float, seconds: float) -> bool:
    """End what lives below this process; tell whether nothing is left.

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


def _descendants() -> list[psutil.Process]:
    """Return what lives below this process."""
    living = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                living.append(process)
    return living
