"""What a handler is given besides its parameters and its body."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request

from zaffre.domain.access import Principal
from zaffre.ports.blobs import Blobs
from zaffre.ports.logs import LogStore
from zaffre.protocols.http.changes import Changes
from zaffre.protocols.http.house import House
from zaffre.protocols.http.idempotency import RequestKey, key_of, once
from zaffre.services.work import Services

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


class Call:
    """One request: who calls, and what the house offers for it.

    Handlers take it as `call: Call`. `read`, `write` and `write_once` run one use case in one
    transaction of its own.

    Attributes:
        caller: Who calls; never None, and the permission of the route was asked already.
    """

    __slots__ = ("_house", "_request", "caller")

    def __init__(self, house: House, request: Request[Any, Any, Any]) -> None:
        self._house = house
        self._request = request
        self.caller: Principal = request.user

    @property
    def blobs(self) -> Blobs:
        """Bytes by their content."""
        return self._house.blobs

    @property
    def logs(self) -> LogStore:
        """Logs that grow."""
        return self._house.logs

    @property
    def changes(self) -> Changes:
        """Wakes long polls."""
        return self._house.changes

    @property
    def house(self) -> House:
        """Everything behind the doors."""
        return self._house

    async def read(self, use: Callable[[Services], T]) -> T:
        """Run a use case that only reads."""
        return await self._house.work.read(use)

    async def write(self, use: Callable[[Services], T]) -> T:
        """Run a use case that may write; durable when it returns."""
        return await self._house.work.write(use)

    async def write_once(self, shape: type[S], use: Callable[[Services], S]) -> S:
        """Run a use case that creates something, once for each `Idempotency-Key`.

        The same request sent again is given the answer of the first time, of type `shape`, and
        changes nothing. The answer is kept in the transaction of the change. Without the header
        this is `write`.

        Raises:
            PreconditionError: `IdempotencyKeyReuse`, when the key came with another request.
        """
        key: RequestKey | None = await key_of(self._request, self.caller)
        if key is None:
            return await self._house.work.write(use)
        now = self._house.clock.now()
        return await self._house.work.write(lambda s: once(s, key, shape=shape, use=use, now=now))
