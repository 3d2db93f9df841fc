"""What a handler is given besides its parameters and its body."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request

from zaffre.domain.access import Principal
from zaffre.ports.logs import LogStore
from zaffre.protocols.http.changes import Changes
from zaffre.protocols.http.house import House, HouseCall
from zaffre.protocols.http.idempotency import RequestKey, key_of, once
from zaffre.services.work import Services

S = TypeVar("S", bound=msgspec.Struct)


class Call(HouseCall):
    """One request: who calls, and what the house offers for it.

    Handlers take it as `call: Call`. `read`, `write` and `write_once` run one use case in one
    transaction of its own.

    Attributes:
        caller: Who calls; never None, and the permission of the route was asked already.
    """

    __slots__ = ("_request", "caller")

    def __init__(self, house: House, request: Request[Any, Any, Any]) -> None:
        super().__init__(house)
        self._request = request
        self.caller: Principal = request.user

    @property
    def logs(self) -> LogStore:
        """Logs that grow."""
        return self.house.logs

    @property
    def changes(self) -> Changes:
        """Wakes long polls."""
        return self.house.changes

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
            return await self.write(use)
        now = self.house.clock.now()
        return await self.write(lambda s: once(s, key, shape=shape, use=use, now=now))
