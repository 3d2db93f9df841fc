"""Hints to the engine, from any thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Watch:
    """Notices every hint about one noun from the moment it was made."""

    def __init__(self) -> None:
        self._hinted = asyncio.Event()

    def notice(self) -> None:
        """Take a hint; on the loop only."""
        self._hinted.set()

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 (running out is an answer here)
        """Wait for a hint that came since the last wait; tell whether one came in time."""
        try:
            # Not `wait_for`: before Python 3.12 it forgets a cancellation that meets a hint, and
            # whoever stops the engine then waits for ever.
            async with asyncio.timeout(timeout):
                await self._hinted.wait()
        except TimeoutError:
            return False
        self._hinted.clear()
        return True


class EngineWakeup:
    """Carries hints to the loop of the engine; implements the wakeup port.

    A noun is `runs`, `computes`, `endpoints` or `removals`. Hints about what nobody watches are
    forgotten: whoever watches looks for the first time after it began to watch.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._watches: dict[str, set[Watch]] = {}

    def hint(self, noun: str) -> None:
        """Wake who watches `noun`; callable from any thread, also while the loop is closing."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, noun)

    @contextmanager
    def watch(self, noun: str) -> Iterator[Watch]:
        """Watch `noun` for the time of a `with` block."""
        watch = Watch()
        self._watches.setdefault(noun, set()).add(watch)
        try:
            yield watch
        finally:
            self._watches[noun].discard(watch)
            if not self._watches[noun]:
                del self._watches[noun]

    async def wait(self, noun: str, timeout: float) -> bool:  # noqa: ASYNC109 (see Watch.wait)
        """Wait for one hint about `noun`, from now on; tell whether one came in time."""
        with self.watch(noun) as watch:
            return await watch.wait(timeout)

    def _wake(self, noun: str) -> None:
        for watch in self._watches.get(noun, ()):
            watch.notice()
