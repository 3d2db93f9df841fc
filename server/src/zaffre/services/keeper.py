"""Brings small bytes from the database, where they are durable at once, to files of their own."""

import logging
from collections.abc import Awaitable
from typing import Final

from zaffre.domain.errors import StorageFullError
from zaffre.ports.blobs import Blobs
from zaffre.services.work import Work

MAX_BYTES: Final = 32 << 10
"""What is larger gets its own file at once: writing it twice would cost more than waiting."""
_AT_ONCE: Final = 500
_log: Final = logging.getLogger(__name__)


class BlobKeeper:
    """Sees to it that what was kept ends up in files."""

    def __init__(self, work: Work, blobs: Blobs) -> None:
        self._work = work
        self._blobs = blobs

    async def recover(self) -> None:
        """Write what a server that was killed, or its machine, left without a file.

        To be done before anybody reads. On a full disk it stays in memory: there has to be a
        server that can be told to delete something.
        """
        await _if_there_is_room(self._write_lost())

    async def settle(self) -> None:
        """Bring what is held to files before the server ends: the next one has less to do."""
        await _if_there_is_room(self._blobs.settle())

    async def secure(self) -> bool:
        """Make some of what is held durable as files; tell whether there was any.

        Raises:
            StorageFullError: `StorageFull`.
        """
        digests = await self._work.read(lambda s: s.stores.kept.list(limit=_AT_ONCE))
        if not digests:
            # What was kept for a request that was refused then is held all the same.
            await self._blobs.settle()
            return False
        async with self._blobs.secure(digests) as durable:
            # Those that have no file any more are nowhere but in the database.
            await self._work.write(lambda s: s.stores.kept.remove(sorted(durable)))
        if len(durable) < len(digests):
            await self._write_lost()
        return True

    async def _write_lost(self) -> None:
        after, written = "", 0
        while True:
            place = after
            page = await self._work.read(
                lambda s: s.stores.kept.page(limit=_AT_ONCE, after=place)  # noqa: B023 - waited for
            )
            if not page:
                break
            for digest, data in page:
                if not await self._blobs.verify(digest):
                    await self._blobs.keep(data)
                    written += 1
            after = page[-1][0]
        await self._blobs.settle()
        if written:
            _log.info("Wrote %d small files that were only in the database", written)


async def _if_there_is_room(work: Awaitable[None]) -> None:
    try:
        await work
    except StorageFullError as error:
        _log.warning("Small files stay in the database: %s", error.message)
