"""Brings small bytes to files of their own, a few times a minute."""

import asyncio
import logging
from typing import Final

from zaffre.domain.errors import StorageFullError, UnavailableError
from zaffre.services.keeper import BlobKeeper

logger = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 5.0


class KeepingLoop:
    """Works in the pauses, so that those who send files do not wait for the disk."""

    def __init__(self, keeper: BlobKeeper) -> None:
        self._keeper = keeper

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            try:
                while await self._keeper.secure():
                    logger.debug("Small files were brought to the disk")
            except (UnavailableError, StorageFullError) as error:
                logger.warning("Small files could not be brought to the disk: %s", error.message)
