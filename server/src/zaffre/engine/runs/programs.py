"""Runs that their programs drive: ended when those were silent for too long."""

import asyncio
import logging
from datetime import timedelta

from zaffre.base.clock import Clock
from zaffre.domain.errors import NotFoundError, UnavailableError
from zaffre.services.programs import Programs
from zaffre.services.work import Work

logger = logging.getLogger(__name__)
_LOOKS_IN_SILENCE = 20
_LONGEST_PAUSE = 15.0


class ProgramLoop:
    """Looks a few times in each span of silence at who was not heard of.

    Args:
        silence_seconds: How long a program may say nothing.
    """

    def __init__(
        self, work: Work, programs: Programs, clock: Clock, *, silence_seconds: float
    ) -> None:
        self._work = work
        self._programs = programs
        self._clock = clock
        self._silence = silence_seconds

    async def run(self) -> None:
        """Work until cancelled."""
        for found in await self._work.read(lambda s: s.programs.open()):
            self._programs.expect(found.workspace_id, found.id)
        while True:
            try:
                await self.look()
            except UnavailableError as error:
                logger.warning("The programs could not be looked at: %s", error.message)
            await asyncio.sleep(min(self._silence / _LOOKS_IN_SILENCE, _LONGEST_PAUSE))

    async def look(self) -> None:
        """End the runs whose programs were silent for too long."""
        for (workspace_id, run_id), silence in self._programs.silent(self._silence).items():
            await self._lose(workspace_id, run_id, silence)
            self._programs.forget(workspace_id, run_id)

    async def _lose(self, workspace_id: str, run_id: str, silence: float) -> None:
        heard_at = self._clock.now() - timedelta(seconds=silence)
        try:
            await self._work.write(
                lambda s: s.programs.lose(workspace_id, run_id, heard_at=heard_at)
            )
        except NotFoundError:
            logger.info("The run %s was deleted while its program was silent.", run_id)
