"""One piece of work for all who ask for it at the same time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Log = Callable[[str], None]
Start = Callable[[Log], Coroutine[Any, Any, T]]


class _Work(Generic[T]):
    def __init__(self, start: Start[T]) -> None:
        self.lines: list[str] = []
        self.listeners: list[Log] = []
        self.task: asyncio.Task[T] = asyncio.create_task(start(self._say))

    def listen(self, log: Log) -> None:
        for line in self.lines:
            log(line)
        self.listeners.append(log)

    def _say(self, line: str) -> None:
        self.lines.append(line)
        for listener in self.listeners:
            listener(line)


class Sharing(Generic[T]):
    """Shares work within one event loop.

    Whoever joins hears what was said before and what is said from then on. The work is given up
    when the last who waits for it is cancelled.
    """

    def __init__(self) -> None:
        self._running: dict[str, _Work[T]] = {}

    async def join(self, key: str, start: Start[T], log: Log) -> T:
        """Return the result of the work called `key`, starting it when nobody has."""
        work = self._running.get(key)
        if work is None:
            work = self._running[key] = _Work(start)
        work.listen(log)
        try:
            return await asyncio.shield(work.task)
        finally:
            work.listeners.remove(log)
            if work.task.done() or not work.listeners:
                self._forget(key, work)  # who comes now starts anew
            if not work.listeners and not work.task.done():
                await _give_up(work.task)

    def _forget(self, key: str, work: _Work[T]) -> None:
        if self._running.get(key) is work:
            del self._running[key]


async def _give_up(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # nobody waits for it any more; looked at so that asyncio is content
