"""Forgets the answers that were kept for requests sent again."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from zaffre.base.clock import Clock
from zaffre.services.work import Work

KEPT: Final = timedelta(hours=48)
_PAUSE_SECONDS: Final = 3600.0


class AnswerLoop:
    """Removes answers that are older than any client still tries."""

    def __init__(self, work: Work, clock: Clock) -> None:
        self._work = work
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._forget(self._clock.now() - KEPT)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _forget(self, before: datetime) -> None:
        await self._work.write(lambda s: s.stores.answers.remove_before(before))
