"""The one log of an endpoint: what the house says and what its replicas write."""

import asyncio
import logging
from typing import Final

from zaffre.base.clock import Clock
from zaffre.domain.endpoints import LOG_PATH
from zaffre.ports.logs import LogStore

logger = logging.getLogger(__name__)
_MAX_PENDING: Final = 1 << 20
_TAIL: Final = 4096
_GATHER_SECONDS: Final = 0.05


class EndpointLog:
    """Takes lines without making anybody wait, and appends them in order.

    A replica that writes faster than the disk loses the middle, and the log says how much.
    """

    def __init__(self, logs: LogStore, owner: tuple[str, str], *, clock: Clock) -> None:
        self._logs = logs
        self._owner = owner
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._pending = bytearray()
        self._dropped = 0
        self._tail = bytearray()
        self._wake = asyncio.Event()
        self._end: int | None = None
        self._writing: asyncio.Task[None] | None = None
        self._one = asyncio.Lock()
        self._task = asyncio.create_task(self._drain(), name=f"log of endpoint {owner[1]}")

    def say(self, text: str) -> None:
        """Write a line of the house; callable from any thread."""
        stamp = self._clock.now().isoformat(timespec="seconds")
        line = f"{stamp} {text.rstrip()}\n".encode("utf-8", "backslashreplace")
        self._loop.call_soon_threadsafe(self.write, line)

    def write(self, data: bytes) -> None:
        """Write what a replica wrote; on the loop only."""
        self._tail += data
        del self._tail[:-_TAIL]
        if len(self._pending) + len(data) > _MAX_PENDING:
            self._dropped += len(data)
        else:
            self._pending += data
        self._wake.set()

    async def tail(self) -> str:
        """Return the last lines."""
        await asyncio.sleep(0)  # what `say` scheduled comes first
        text = self._tail.decode("utf-8", "replace")
        return text if len(self._tail) < _TAIL else text.partition("\n")[2]

    async def flush(self) -> None:
        """Write what came so far: who sees a new state of the endpoint finds in the log why."""
        await asyncio.sleep(0)
        await asyncio.shield(asyncio.create_task(self._append()))

    async def close(self) -> None:
        """Write what is left, and stop."""
        await asyncio.sleep(0)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._writing is not None:
            await self._writing  # where it ends is where the rest begins
        await self._append()

    async def _drain(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # A write cannot be called back: a cancelled one must not be sent twice.
            self._writing = asyncio.create_task(self._append())
            await asyncio.shield(self._writing)
            await asyncio.sleep(_GATHER_SECONDS)

    async def _append(self) -> None:
        async with self._one:
            await self._append_pending()

    async def _append_pending(self) -> None:
        data, self._pending = bytes(self._pending), bytearray()
        if self._dropped:
            data += f"\n[{self._dropped} bytes were written too fast to be kept]\n".encode()
            self._dropped = 0
        if not data:
            return
        try:
            end = await self._found_end() if self._end is None else self._end
            self._end = await self._logs.append(self._owner, LOG_PATH, end, data)
        except Exception:
            # A disk that fails for a moment must not end the log.
            logger.exception("The log of endpoint %s lost %d bytes.", self._owner[1], len(data))
            self._end = None

    async def _found_end(self) -> int:
        files = await self._logs.list(self._owner)
        return next((file.size for file in files if file.path == LOG_PATH), 0)
