"""Removes built environments that nothing has used for long, once in a while."""

import asyncio
import logging
from typing import Final

from zaffre.base.clock import Clock
from zaffre.domain.errors import ZaffreError
from zaffre.services.environment_pruning import EnvironmentPruner, Limits, Used

logger = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 900.0
_SHOWN_KEY: Final = 12


class PruningLoop:
    """Looks a few times an hour, and says what went.

    Args:
        pruner: Removes environments.
        limits: When they go.
        clock: Tells what is long ago.
    """

    def __init__(self, pruner: EnvironmentPruner, limits: Limits, clock: Clock) -> None:
        self._pruner = pruner
        self._limits = limits
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled; begins after a pause, when all that goes on is known again."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Remove what is over the limits."""
        try:
            removed = await self._pruner.tidy(self._limits, now=self._clock.now())
        except (ZaffreError, OSError) as error:
            logger.warning("Unused environments could not be removed: %s", error)
            return
        for one in removed:
            logger.info("%s", _words(one))


def _words(used: Used) -> str:
    kept = used.kept
    return (
        f"The environment {kept.key[:_SHOWN_KEY]} was removed, which nothing has used since "
        f"{kept.used_at:%Y-%m-%d %H:%M}: {kept.size / 1e6:.0f} MB. The next use builds it again."
    )
