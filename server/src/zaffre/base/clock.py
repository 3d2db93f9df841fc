"""Time, as an argument: nothing below app.py reads the clock of the machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """The two times a program needs.

    Attributes:
        now: The wall clock in UTC; for display and schedules only.
        monotonic: Seconds that never go back; for leases, beats and timeouts.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


def system_clock() -> Clock:
    """Return the clock of this machine."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
