"""Brings small bytes from the database, where they are durable at once, to files of their own."""

import logging
from collections.abc import AsyncIterator
from typing import Final

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
        """Write again what a machine that went down may have lost; before anybody reads."""
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
                    await self._blobs.put(_whole(data), expected=digest)
                    written += 1
            after = page[-1][0]
        if written:
            _log.warning("Wrote %d files again that the machine had lost", written)

    async def secure(self) -> bool:
        """Make some of what is held durable as files; tell whether there was any."""
        digests = await self._work.read(lambda s: s.stores.kept.list(limit=_AT_ONCE))
        if digests:
            await self._blobs.secure(digests)
            await self._work.write(lambda s: s.stores.kept.remove(digests))
        return bool(digests)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
