"""Goes on with what is being deleted for good, and removes bytes that nobody named."""

import asyncio
import logging
from datetime import datetime
from typing import Final

from zaffre.domain.errors import UnavailableError
from zaffre.engine.wakeup import EngineWakeup
from zaffre.services.dataset_marks import DatasetMarks
from zaffre.services.eraser import Eraser

logger = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 60.0
_FIRST_SWEEP_SECONDS: Final = 300.0
_SWEEP_SECONDS: Final = 21_600.0


class RemovalLoop:
    """Looks at every hint and every minute; every few hours it sweeps.

    Args:
        eraser: Removes.
        wakeup: Tells when there is something to remove.
        marks: Forgets the drafts of datasets that an earlier server left.
        started_at: When this server started.
    """

    def __init__(
        self, eraser: Eraser, wakeup: EngineWakeup, marks: DatasetMarks, *, started_at: datetime
    ) -> None:
        self._eraser = eraser
        self._wakeup = wakeup
        self._marks = marks
        self._started_at = started_at

    async def run(self) -> None:
        """Work until cancelled."""
        now = asyncio.get_running_loop().time
        sweep_at = now() + _FIRST_SWEEP_SECONDS
        with self._wakeup.watch("removals") as watch:
            while True:
                try:
                    await self._eraser.resume()
                    if now() >= sweep_at:
                        await self._marks.forget_drafts(before=self._started_at)
                        await self._eraser.sweep()
                        sweep_at = now() + _SWEEP_SECONDS
                except (UnavailableError, OSError) as error:
                    # A file that cannot be removed is tried again, a minute later.
                    logger.warning("Nothing could be removed: %s", error)
                await watch.wait(_PAUSE_SECONDS)
