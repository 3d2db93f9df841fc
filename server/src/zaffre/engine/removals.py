"""Goes on with what is being deleted for good, and removes bytes that nobody named."""

import logging
from typing import Final

from zaffre.domain.errors import UnavailableError
from zaffre.engine.wakeup import EngineWakeup
from zaffre.services.eraser import Eraser

logger = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 60.0
_LOOKS_BETWEEN_SWEEPS: Final = 360
_LOOKS_BEFORE_THE_FIRST: Final = 5


class RemovalLoop:
    """Looks at every hint and every minute; every few hours it sweeps."""

    def __init__(self, eraser: Eraser, wakeup: EngineWakeup) -> None:
        self._eraser = eraser
        self._wakeup = wakeup

    async def run(self) -> None:
        """Work until cancelled."""
        looks = _LOOKS_BETWEEN_SWEEPS - _LOOKS_BEFORE_THE_FIRST
        with self._wakeup.watch("removals") as watch:
            while True:
                try:
                    await self._eraser.resume()
                    if looks >= _LOOKS_BETWEEN_SWEEPS:
                        await self._eraser.sweep()
                        looks = 0
                except UnavailableError as error:
                    logger.warning("Nothing could be removed: %s", error.message)
                if not await watch.wait(_PAUSE_SECONDS):
                    looks += 1
