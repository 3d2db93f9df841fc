"""How long places elsewhere may be silent before what executes there is lost."""

import time
from collections.abc import Callable, Hashable
from typing import Final

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
