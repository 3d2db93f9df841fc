"""Waiting for something on the server to come to rest."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_GROWTH = 1.3


def settled(
    look: Callable[[], T], done: Callable[[T], bool], *, seconds: float | None = None
) -> T:
    """Return what `look` returns once it is `done`, or as it is after `seconds`.

    Args:
        look: Asks the server.
        done: Tells whether that is the end of it.
        seconds: How long to wait; None is without end.
    """
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        found = look()
        left = deadline - time.monotonic()
        if done(found) or left <= 0:
            return found
        time.sleep(min(pause, left))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
