"""Units of work on SQLite."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from zaffre.adapters.sql.readers import Readers
from zaffre.adapters.sql.writer import Writer
from zaffre.ports.stores import Stores

T = TypeVar("T")


class SqliteTransactions:
    """Implements `ports.transactions.Transactions` on a file whose schema is up to date.

    Callers may be on any event loop. A caller that is cancelled while it waits leaves its unit
    to be done all the same.
    """

    def __init__(self, path: Path) -> None:
        self._writer = Writer(path)
        self._readers = Readers(path)

    async def write(self, work: Callable[[Stores], T]) -> T:
        """Run a unit that may write; durable when this returns."""
        return cast("T", await self._writer.queue.run(work))

    async def read(self, work: Callable[[Stores], T]) -> T:
        """Run a unit that only reads."""
        return cast("T", await self._readers.queue.run(work))

    async def close(self) -> None:
        """Finish what was accepted, then stop; may be called again."""
        await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        # The last connection to close checkpoints; it has to be the writer's.
        self._readers.stop()
        self._writer.stop()
