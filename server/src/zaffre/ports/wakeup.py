"""Telling the engine that there is something to do."""

from typing import Protocol


class Wakeup(Protocol):
    """A hint, never a promise: the engine looks by itself from time to time as well."""

    def hint(self, noun: str) -> None:
        """Make the engine look after `runs`, `endpoints` or `removals` now; from any thread."""
