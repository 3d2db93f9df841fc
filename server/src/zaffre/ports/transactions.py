"""Units of work: one request or one engine step is one transaction."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from zaffre.ports.stores import Stores

T = TypeVar("T")


class Transactions(Protocol):
    """Runs functions over stores, each in a transaction of its own.

    The function is called in another thread and must do no input or output of its own, so that
    many units can share one commit. When it raises, all it wrote is rolled back, others in the
    same commit are not, and the error reaches the caller. When `write` returns, what was written
    is durable. A function that only reads sees one consistent state of the past.
    """

    async def write(self, work: Callable[[Stores], T]) -> T:
        """Run a unit that may write."""

    async def read(self, work: Callable[[Stores], T]) -> T:
        """Run a unit that only reads."""

    async def close(self) -> None:
        """Finish what was accepted, then stop."""
