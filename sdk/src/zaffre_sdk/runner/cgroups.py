"""Control groups of the Linux kernel, where this user may make them.

In version 2 a group may be made below one that hands its controllers on: below the runner's own,
or beside it. Version 1 knows no such rule.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_PREFIX = "zaffre-"
_PERIOD = 100_000  # microseconds
_NO_LIMIT = 1 << 60
_TRY_SECONDS = 10
_FORGOTTEN_SECONDS = 3600
_JOIN = 'echo 0 > "$1"'


class Wanted(NamedTuple):
    """What a group is to hold to; None is without limit."""

    memory_bytes: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)
    cores: Optional[int] = None  # noqa: UP045 (evaluated on Python 3.9)


class Cgroup:
    """One group, or with version 1 one for each controller.

    Attributes:
        procs: The files that take a process in.
        limits_memory: Whether the kernel holds it to the memory that was wanted.
    """

    def __init__(self, folders: dict[str, Path]) -> None:
        self._memory = folders.get("memory")
        self._folders = list(dict.fromkeys(folders.values()))
        self.procs = [folder / "cgroup.procs" for folder in self._folders]
        self.limits_memory = self._memory is not None

    def peak_bytes(self) -> int | None:
        """Return the most memory that was used at once, where the kernel says it."""
        if self._memory is not None:
            for name in ("memory.peak", "memory.max_usage_in_bytes"):
                with contextlib.suppress(OSError, ValueError):
                    return int((self._memory / name).read_text())
        return None

    def limit_bytes(self) -> int | None:
        """Return how much memory may be used at once; None is without limit."""
        if self._memory is not None:
            for name in ("memory.max", "memory.limit_in_bytes"):
                with contextlib.suppress(OSError, ValueError):
                    limit = int((self._memory / name).read_text())
                    return limit if limit < _NO_LIMIT else None
        return None

    def kills(self) -> int:
        """Return how many processes the kernel killed because the memory was used up."""
        if self._memory is not None:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    found = re.search(
                        r"^oom_kill (\d+)$", (self._memory / name).read_text(), re.MULTILINE
                    )
                    if found is not None:
                        return int(found.group(1))
        return 0

    def remove(self) -> None:
        """Remove the group; one that still has processes stays, for the next runner to remove."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


def enclosing() -> Cgroup | None:
    """Return the group of the container that this process is in, if its memory is limited."""
    for folder in (_ROOT, _ROOT / "memory"):
        found = Cgroup({"memory": folder})
        if found.limit_bytes() is not None:
            return found
    return None


def made(name: str, wanted: Wanted) -> Cgroup | None:
    """Return a new group that holds to what is wanted, or None where that is not allowed.

    Called before the runner has children that it waits for: it tries whether a process can join.
    """
    folders: dict[str, Path] = {}
    for controllers, parent in _parents():
        asked = [each for each in controllers if _value(each, wanted) and each not in folders]
        if not asked:
            continue
        _remove_forgotten(parent)
        folder = parent / f"{_PREFIX}{name}"
        if _fill(folder, asked, wanted):
            folders.update(dict.fromkeys(asked, folder))
    return Cgroup(folders) if folders else None


def _parents() -> Iterator[tuple[list[str], Path]]:
    """Yield where groups may be made, each with the controllers that there are."""
    try:
        own = [line.split(":", 2) for line in _OWN.read_text().splitlines()]
    except OSError:
        return  # No Linux.
    is_two = (_ROOT / "cgroup.controllers").exists()
    for _, names, path in own:
        if is_two and not names:
            base = _ROOT / path.lstrip("/")
            for parent in (base, base.parent) if base != _ROOT else (base,):
                with contextlib.suppress(OSError):
                    yield (parent / "cgroup.subtree_control").read_text().split(), parent
        for controller in {"memory", "cpu"}.intersection(names.split(",")):
            # In a container the path may be one of the machine outside.
            places = (_ROOT / names / path.lstrip("/"), _ROOT / names)
            yield from (([controller], place) for place in places if place.is_dir())


def _fill(folder: Path, controllers: list[str], wanted: Wanted) -> bool:
    """Make a group with its limits; tell whether that worked, and nothing is left if not."""
    try:
        folder.mkdir()
    except OSError:
        return False
    try:
        for controller in controllers:
            _write(folder, controller, wanted)
        _join(folder)
    except (OSError, subprocess.SubprocessError):
        with contextlib.suppress(OSError):
            folder.rmdir()
        return False
    return True


def _write(folder: Path, controller: str, wanted: Wanted) -> None:
    value = _value(controller, wanted)
    if controller == "cpu":
        quota = value * _PERIOD
        if (folder / "cpu.max").exists():
            (folder / "cpu.max").write_text(f"{quota} {_PERIOD}")
        else:
            (folder / "cpu.cfs_period_us").write_text(str(_PERIOD))
            (folder / "cpu.cfs_quota_us").write_text(str(quota))
    elif (folder / "memory.max").exists():
        (folder / "memory.max").write_text(str(value))
        # What would be swapped out only becomes slow; and half a run is of no use.
        _write_if_there(folder / "memory.swap.max", "0")
        _write_if_there(folder / "memory.oom.group", "1")
    else:
        (folder / "memory.limit_in_bytes").write_text(str(value))
        _write_if_there(folder / "memory.memsw.limit_in_bytes", str(value))


def _write_if_there(path: Path, text: str) -> None:
    if path.exists():
        path.write_text(text)


def _value(controller: str, wanted: Wanted) -> int:
    if controller == "memory":
        return wanted.memory_bytes or 0
    return (wanted.cores or 0) if controller == "cpu" else 0


def _join(folder: Path) -> None:
    """Let a process join that ends at once.

    Raises:
        OSError: It may not.
    """
    words = ["/bin/sh", "-c", _JOIN, "sh", str(folder / "cgroup.procs")]
    done = subprocess.run(  # noqa: S603 (a fixed program)
        words, check=False, capture_output=True, timeout=_TRY_SECONDS
    )
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace"))


def _remove_forgotten(parent: Path) -> None:
    """Remove what runners left that were killed; groups with processes refuse that.

    A young group without processes is another run's, which is about to join it.
    """
    before = time.time() - _FORGOTTEN_SECONDS
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < before:
                folder.rmdir()
