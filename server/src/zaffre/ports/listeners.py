"""Addresses of their own for endpoints of this machine."""

from typing import Protocol


class Listener(Protocol):
    """An open address on loopback, at which one endpoint answers `/score`."""

    @property
    def port(self) -> int:
        """Where it listens."""

    async def close(self) -> None:
        """Stop listening and end what is connected."""


class Listeners(Protocol):
    """Opens addresses."""

    async def open(self, endpoint_id: str, port: int | None) -> Listener:
        """Listen on loopback for that endpoint; without a port, on a free one.

        Raises:
            ConflictError: `PortInUse`.
        """
