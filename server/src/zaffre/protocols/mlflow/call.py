"""What a handler is given: who calls, in which workspace, and what the house offers for it."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeVar

from zaffre.domain.access import Principal
from zaffre.domain.errors import InvalidError, TooLargeError
from zaffre.ports.blobs import Blobs
from zaffre.protocols.http.asgi import Receive, Scope
from zaffre.protocols.http.house import House
from zaffre.services.work import Services

T = TypeVar("T")


class MlflowCall:
    """One request.

    Attributes:
        caller: Who calls; the permission of the route was asked already.
        workspace: The id of the workspace that the address means.
        params: What the address says where the route has `{name}`.
        root: What stands in front of `/api/…` in the address; empty at the bare root.
    """

    __slots__ = ("_house", "_receive", "caller", "params", "root", "scope", "workspace")

    def __init__(  # noqa: PLR0913 - the parts of one request
        self,
        house: House,
        *,
        caller: Principal,
        workspace: str,
        params: Mapping[str, str],
        root: str,
        scope: Scope,
        receive: Receive,
    ) -> None:
        self._house = house
        self._receive = receive
        self.caller = caller
        self.workspace = workspace
        self.params = params
        self.root = root
        self.scope = scope

    @property
    def blobs(self) -> Blobs:
        """Bytes by their content."""
        return self._house.blobs

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

    def header(self, name: bytes) -> str | None:
        """Return the first header of that lower-case name."""
        for found, value in self.scope["headers"]:
            if found == name:
                text: str = value.decode("latin-1")
                return text
        return None

    async def chunks(self, *, limit: int) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            TooLargeError: `BodyTooLarge`, as soon as over `limit` bytes are announced or came.
            InvalidError: `BodyIncomplete`, when the client went away.
        """
        announced = self.header(b"content-length") or "0"
        if announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit)
        seen = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise InvalidError("BodyIncomplete", f"The body ended early, after {seen} bytes.")
            chunk = message.get("body", b"")
            seen += len(chunk)
            if seen > limit:
                raise _too_large(limit)
            yield chunk
            more = message.get("more_body", False)

    async def body(self, *, limit: int) -> bytes:
        """Return the whole body."""
        return b"".join([chunk async for chunk in self.chunks(limit=limit)])


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError("BodyTooLarge", f"The body is larger than {limit} bytes.", target="body")
