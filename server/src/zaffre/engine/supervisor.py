"""Keeps the loops of the engine running, one for each noun."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

logger = logging.getLogger(__name__)
_RESTART_SECONDS = 1.0


class Loop(Protocol):
    """What the engine does for one noun, again and again."""

    async def run(self) -> None:
        """Work until cancelled; give back every task and process of its own before it ends."""


class Engine:
    """What happens by itself while the server serves.

    A loop that fails is written to the log and started again: it keeps what it knows in the
    database, and one broken noun must not stop the others.
    """

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = tuple(loops)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every loop; returns at once."""
        self._tasks = [asyncio.create_task(_keep_running(loop)) for loop in self._loops]

    async def stop(self) -> None:
        """End every loop and wait until they have ended; runs go on without the server."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_running(loop: Loop) -> None:
    while True:
        try:
            await loop.run()
        except Exception:
            logger.exception("The loop %s failed and starts again.", type(loop).__name__)
        await asyncio.sleep(_RESTART_SECONDS)
