"""Logs that grow while people read them."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file and how many bytes of it there are."""

    path: str
    size: int


class LogStore(Protocol):
    """Append-only files, grouped by an owner: a run or an endpoint.

    An owner is a pair of ids that the house gave out, never text of a client. Appends are
    idempotent by offset, so that a sender may send again what it does not know to have arrived.
    """

    async def append(self, owner: tuple[str, str], path: str, offset: int, data: bytes) -> int:
        """Write `data` at `offset` and return the new size.

        What lies before the present end is skipped; a gap raises `ConflictError` `LogGap`, whose
        message names the present size. Files end at the limit of the house with a line that says
        so; what comes behind it is acknowledged and dropped.
        """

    async def read(
        self, owner: tuple[str, str], path: str, offset: int, *, limit: int, wait: float = 0
    ) -> bytes:
        """Return at most `limit` bytes from `offset`.

        When there are none, wait up to `wait` seconds for some, or for `wake`. A file that does
        not exist is empty.
        """

    def wake(self, owner: tuple[str, str]) -> None:
        """End the waiting of readers of this owner: it ended. Callable on the loop only."""

    async def list(self, owner: tuple[str, str]) -> list[LogFile]:
        """Return the files of an owner by path."""

    async def remove(self, owner: tuple[str, str]) -> None:
        """Remove every file of an owner."""
