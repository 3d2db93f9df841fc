"""What leads to a replica and back."""

import asyncio
import os
import socket
from collections.abc import Callable
from io import FileIO
from typing import cast

from zaffre.adapters.replicas.connection import Connection
from zaffre.ports.replicas import ReplicaOrder


class Output(asyncio.Protocol):
    """Passes on what a process writes.

    Attributes:
        ended: Done when nobody holds the other end any more.
    """

    def __init__(self, log: Callable[[bytes], None]) -> None:
        self._log = log
        self._transport: asyncio.ReadTransport | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        """Stop reading."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self._log(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the signature of asyncio)
        """End."""
        if not self.ended.done():
            self.ended.set_result(None)


class Wires:
    """What leads to a process and back, made by hand.

    The pipes of asyncio's own processes would do, were it not that it takes a process for alive
    as long as any descendant holds its output open.
    """

    def __init__(self) -> None:
        self._ours, self.stream = socket.socketpair()
        self._ours.setblocking(False)  # noqa: FBT003 (the signature of sockets)
        # The replica ends when the other end of its standard input closes, however that happens.
        self.lifeline, self._lifeline_end = _pipe()
        self._read_end, self.output = _pipe()

    def close_theirs(self) -> None:
        """Close the ends that the process has now."""
        self.stream.close()
        self.lifeline.close()
        self.output.close()

    def close_ours(self) -> None:
        """Give up: close every end; a process there is ends by that."""
        self.close_theirs()
        self._ours.close()
        self._read_end.close()
        self.let_go()

    def let_go(self) -> None:
        """Close what tells the process that the server lives."""
        self._lifeline_end.close()

    async def connect(self, order: ReplicaOrder) -> tuple[Connection, Output]:
        """Begin to talk."""
        loop = asyncio.get_running_loop()
        _, output = await loop.connect_read_pipe(lambda: Output(order.log), self._read_end)
        _, connection = await loop.create_unix_connection(
            lambda: Connection(timeout=order.timeout_seconds, max_waiting=order.max_concurrent),
            sock=self._ours,
        )
        return connection, output


def _pipe() -> tuple[FileIO, FileIO]:
    reading, writing = os.pipe()
    return FileIO(reading, "rb"), FileIO(writing, "wb")
