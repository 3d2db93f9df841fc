"""Processes of this machine: which one is which, and ending all that belong to a run."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import psutil

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_ROUND_SECONDS: Final = 0.05
_START_FIELD: Final = 19
"""Index of `starttime` in /proc/<pid>/stat behind the name (field 22 in proc(5))."""


def boot_id() -> str:
    """Return what tells one start of this machine from another."""
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text().strip()
    return str(int(psutil.boot_time()))


def start_of(pid: int) -> str | None:
    """Return when a process started, for comparing alone, or None when it has ended.

    On Linux these are clock ticks since the machine started, which no change of the wall clock
    moves. A process that has ended and was not fetched by its parent has ended.
    """
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else fields[_START_FIELD]
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else str(process.create_time())
    except psutil.NoSuchProcess:
        return None


def descendants(pid: int) -> list[psutil.Process]:
    """Return the children of a process, their children, and so on."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def marked(variables: dict[str, str], folder: Path) -> Iterator[psutil.Process]:
    """Yield the living processes that carry all these variables, or work below the folder."""
    for process in psutil.process_iter():
        if process.pid != os.getpid() and _belongs(process, variables, folder):
            yield process


def _belongs(process: psutil.Process, variables: dict[str, str], folder: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        environ = process.environ()
        if all(environ.get(name) == value for name, value in variables.items()):
            return True
        return Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, OSError):
        # Processes of other users, and those that end while one looks, are not ours to end.
        return False


def kill_until_none(find: Callable[[], Iterable[psutil.Process]], *, seconds: float) -> bool:
    """Kill what `find` finds until it finds nothing more; tell whether that came in time.

    One look is not enough: a process may fork between the look and the kill.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = [process for process in find() if _kill(process)]
        if not found:
            return True
        if time.monotonic() > deadline:
            return False
        psutil.wait_procs(found, timeout=_ROUND_SECONDS)


def _kill(process: psutil.Process) -> bool:
    try:
        process.kill()
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
