"""Processes of the machine: which one is which, and ending all that belong to a run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PROC = Path("/proc")
_START_FIELD = 19
_PARENT_FIELD = 1
_ROUND_SECONDS = 0.05
_ENDED = ("Z", "X")


def boot_id() -> str:
    """Return what tells one start of the machine from another."""
    with contextlib.suppress(OSError):
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return _said("sysctl", "-n", "kern.boottime")


def start_of(pid: int) -> str:
    """Return when a process started, for comparing alone; nothing when it has ended."""
    if not _PROC.joinpath("self/stat").exists():
        state, _, start = _said("ps", "-o", "state=,lstart=", "-p", str(pid)).partition(" ")
        return "" if state[:1] in _ENDED else start.strip()
    fields = _fields(pid)
    return "" if not fields or fields[0] in _ENDED else fields[_START_FIELD]


def parent_of(pid: int) -> int:
    """Return the parent of a process; 0 when it has ended."""
    if _PROC.joinpath("self/stat").exists():
        fields = _fields(pid)
        return int(fields[_PARENT_FIELD]) if fields else 0
    return int(_said("ps", "-o", "ppid=", "-p", str(pid)) or 0)


def command_of(pid: int) -> str:
    """Return the command line of a process, with spaces between the words."""
    with contextlib.suppress(OSError):
        words = (_PROC / str(pid) / "cmdline").read_bytes()
        return words.replace(b"\0", b" ").decode(errors="replace").strip()
    return _said("ps", "-o", "args=", "-p", str(pid))


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for one in _pids():
        children.setdefault(parent_of(one), []).append(one)
    found, left = [], [pid]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def marked(marks: dict[str, str], folder: Path) -> list[int]:
    """Return the living processes that carry all these variables, or work below the folder."""
    wanted = {f"{name}={value}".encode() for name, value in marks.items()}
    return [
        pid
        for pid in _pids()
        if pid != os.getpid() and start_of(pid) and _belongs(pid, wanted, folder)
    ]


def kill_until_none(find: Callable[[], Iterable[int]], *, seconds: float) -> bool:
    """Kill what `find` finds until it finds nothing more; tell whether that came in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = list(find())
        if not found:
            return True
        if time.monotonic() > deadline:
            return False
        for pid in found:
            send(pid, signal.SIGKILL)
        time.sleep(_ROUND_SECONDS)


def send(pid: int, number: int) -> None:
    """Send a signal, if there is such a process and it is ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _belongs(pid: int, wanted: set[bytes], folder: Path) -> bool:
    try:
        environ = (_PROC / str(pid) / "environ").read_bytes()
        if wanted <= set(environ.split(b"\0")):
            return True
        below = Path(os.readlink(_PROC / str(pid) / "cwd"))  # noqa: PTH115 (no readlink in 3.8)
    except OSError:
        return False  # Of another user, or it has ended.
    return below == folder or folder in below.parents


def _pids() -> list[int]:
    if _PROC.joinpath("self/stat").exists():
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [int(line) for line in _said("ps", "-axo", "pid=").split()]


def _fields(pid: int) -> list[str]:
    """Return what /proc/<pid>/stat says behind the name, which may hold anything."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()


def _said(*command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (fixed words and numbers)
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return ""
    return done.stdout.decode(errors="replace").strip()
