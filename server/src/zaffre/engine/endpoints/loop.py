"""Gives every endpoint its keeper."""

import asyncio
import logging

from zaffre.engine.endpoints.keeper import Keeper
from zaffre.engine.endpoints.layout import remove_others
from zaffre.engine.endpoints.parts import EndpointParts
from zaffre.engine.wakeup import EngineWakeup

logger = logging.getLogger(__name__)


class EndpointLoop:
    """Looks which endpoints there are, and how they are to be."""

    def __init__(self, parts: EndpointParts, wakeup: EngineWakeup) -> None:
        self._parts = parts
        self._wakeup = wakeup
        self._keepers: dict[str, Keeper] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; then every replica is ended, to be started again next time."""
        try:
            await self._tidy()
            with self._wakeup.watch("endpoints") as watch:
                while True:
                    await self._tick()
                    await watch.wait(self._parts.limits.poll)
        finally:
            keepers, self._keepers = self._keepers, {}
            await asyncio.gather(
                *self._ending,
                *(keeper.close(remove=False) for keeper in keepers.values()),
                return_exceptions=True,
            )

    async def _tick(self) -> None:
        """Take a look; what is broken for a moment must not end what answers."""
        try:
            wanted = await self._parts.work.read(lambda s: s.endpoints.everything())
        except Exception:
            logger.exception("The endpoints could not be read.")
            return
        for endpoint, keys in wanted:
            keeper = self._keepers.get(endpoint.id)
            if keeper is None:
                self._keepers[endpoint.id] = Keeper(self._parts, endpoint, keys)
            else:
                keeper.want(endpoint, keys)
        gone = self._keepers.keys() - {endpoint.id for endpoint, _ in wanted}
        for endpoint_id in gone:
            await self._remove(endpoint_id)

    async def _remove(self, endpoint_id: str) -> None:
        """End an endpoint; what cannot be removed of it must not end the others.

        It is ended to the last, also when the server stops meanwhile: nobody else knows it then.
        """
        ending = asyncio.create_task(self._keepers.pop(endpoint_id).close(remove=True))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        try:
            await asyncio.shield(ending)
        except Exception:
            logger.exception("The endpoint %s was not removed as a whole.", endpoint_id)

    async def _tidy(self) -> None:
        await self._parts.work.write(lambda s: s.endpoints.seal_keys())
        wanted = await self._parts.work.read(lambda s: s.endpoints.everything())
        known = {endpoint.id for endpoint, _ in wanted}
        await asyncio.to_thread(remove_others, self._parts.folder, known)
