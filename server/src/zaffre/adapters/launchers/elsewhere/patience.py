"""How long places elsewhere may be silent before what executes there is lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, TypeVar

from zaffre.ports.launchers import RunnerOrder

T = TypeVar("T")
E = TypeVar("E", bound=Exception)
PATIENCE_SECONDS: Final = 1800.0
FIRST_PAUSE: Final = 3.0
_LONGEST_PAUSE: Final = 30.0
_FORGOTTEN_SECONDS: Final = 180.0
"""A place that nobody asked for so long was heard of meanwhile, by its runs."""


class Patience:
    """Counts for how long places have not answered.

    Args:
        seconds: When it is over.
        monotonic: A clock.
    """

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._monotonic = monotonic
        self._silent: dict[Hashable, tuple[float, float]] = {}

    def is_over(self, place: Hashable) -> bool:
        """Tell whether a place that does not answer now has not for too long."""
        now = self._monotonic()
        since, last = self._silent.get(place, (now, now))
        if now - last > _FORGOTTEN_SECONDS:
            since = now
        self._silent[place] = since, now
        return now - since >= self.seconds

    def begin_anew(self, place: Hashable) -> None:
        """Note that a place answers."""
        self._silent.pop(place, None)


async def when_in_reach(
    work: Callable[[], Awaitable[T]],
    order: RunnerOrder,
    *,
    away: type[E],
    words: Callable[[E], str],
    seconds: float,
    pause: float,
) -> T:
    """Do something at a place; while that is out of reach, wait, and let the run say why.

    Args:
        work: What is done; it is tried again and again.
        order: Of the run that waits.
        away: The error that says that the place is out of reach.
        words: Says it to people.
        seconds: After so long the error is raised.
        pause: Before the second try; each after it is twice as long.
    """
    deadline = time.monotonic() + seconds
    said = ""
    while True:
        try:
            done = await work()
        except away as error:
            if time.monotonic() > deadline:
                raise
            reason = words(error)
            if reason != said:
                order.say(f"{reason} The run waits for it, and goes on when it is back.")
                await order.wait(reason)
                said = reason
        else:
            if said:
                await order.wait("")
            return done
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
