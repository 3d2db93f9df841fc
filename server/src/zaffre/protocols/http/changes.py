"""Requests that wait until something changes."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

_GRAIN: Final = 0.02


class Changes:
    """Wakes the requests that wait, whenever a use case committed something.

    It implements the wakeup port, so that whoever hints to the engine hints to waiting requests
    too. Hints that come close together wake once, so that many writers cost little.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = asyncio.Event()
        self._count = 0
        self._scheduled = False
        self._at_stop: list[Callable[[], None]] = []
        self.stopping = False

    def hint(self, noun: str) -> None:  # noqa: ARG002 (the port names the noun; all wait together)
        """Wake every waiting request soon; callable from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._schedule)

    def mark(self) -> int:
        """Return how far changes have come; take it before you look at what you wait for."""
        return self._count

    async def wait(self, seconds: float, *, since: int | None = None) -> None:
        """Return after the next change, at the latest after `seconds` or when the server stops.

        Look again behind it: a return is no promise that what you wait for has happened.

        Args:
            seconds: How long to wait at most.
            since: A mark; a change that came after it ends the waiting at once.
        """
        if self.stopping or seconds <= 0 or since not in {None, self._count}:
            return
        changed = self._changed
        # Not `wait_for`: before Python 3.12 it forgets a cancellation that meets the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()

    def stop(self) -> None:
        """End every waiting, now and from now on: the server stops."""
        self.stopping = True
        self._wake()
        for action in self._at_stop:
            action()

    def at_stop(self, action: Callable[[], None]) -> None:
        """Call `action` on the loop when the server begins to stop."""
        self._at_stop.append(action)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_later(_GRAIN, self._wake)

    def _wake(self) -> None:
        self._scheduled = False
        self._count += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
