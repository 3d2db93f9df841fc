"""Processors and devices of this machine, divided among the runs that are limited to some.

A claim is a locked file, so that it ends with the runner however that ends.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from zaffre_sdk.locks import FileLock

T = TypeVar("T")
_DEVICE = re.compile(r"^nvidia\d+$")
_DEVICES = "CUDA_VISIBLE_DEVICES"


class Claims:
    """What one runner has claimed.

    Args:
        folder: Of the locks, the same for all runners of the machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: list[FileLock] = []

    def take(self, kind: str, things: Sequence[T], count: int) -> list[T]:
        """Claim so many of the things; where too few are free, others are used together."""
        if count >= len(things):
            return list(things)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = self._take_free(kind, things, count)
        except OSError:
            # A disk that is full, or without locks: what a run may use is then merely shared.
            taken = []
        # Not the same ones for all that come too late.
        start = os.getpid() % len(things)
        others = [each for each in (*things[start:], *things[:start]) if each not in taken]
        return sorted(taken + others[: count - len(taken)], key=things.index)

    def release(self) -> None:
        """Give everything back."""
        for lock in self._locks:
            lock.release()
        self._locks = []

    def _take_free(self, kind: str, things: Sequence[T], count: int) -> list[T]:
        taken: list[T] = []
        for thing in things:
            if len(taken) == count:
                break
            lock = FileLock(
                self._folder / f"{kind}-{re.sub('[^A-Za-z0-9]', '_', str(thing))}.lock"
            )
            if lock.acquire():
                self._locks.append(lock)
                taken.append(thing)
        return taken


def processors() -> list[int]:
    """Return the processors that this process may run on; empty where nobody can choose."""
    if sys.platform != "linux":
        return []
    return sorted(os.sched_getaffinity(0))


def devices() -> list[str]:
    """Return the GPUs that this process may use, as CUDA names them."""
    said = os.environ.get(_DEVICES)
    if said is not None:
        return [each for each in said.split(",") if each]
    try:
        found = [name for name in os.listdir("/dev") if _DEVICE.match(name)]  # noqa: PTH208 (names)
    except OSError:
        return []
    return [str(index) for index in range(len(found))]
