"""What takes its time before a run starts: told in a log, and given up when nobody wants it."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from types import TracebackType
from typing import Final, Self, TypeVar

from zaffre.domain.environments import BUILD_LOG
from zaffre.domain.errors import UnavailableError
from zaffre.domain.runs import Run
from zaffre.engine.runs.parts import Parts
from zaffre.ports.logs import LogStore

T = TypeVar("T")
LOG_PATH: Final = BUILD_LOG
_LAST_LINES: Final = 20
_WRITE_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 5.0


async def unless_moved(parts: Parts, run: Run, work: Awaitable[T]) -> T | None:
    """Work, and stop when nobody wants it: the run was canceled, or its nodes are taken away."""
    working = asyncio.ensure_future(work)
    moved = asyncio.ensure_future(_moved(parts, run))
    try:
        await asyncio.wait({working, moved}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, moved):
            task.cancel()
        await asyncio.gather(working, moved, return_exceptions=True)


async def _moved(parts: Parts, run: Run) -> None:
    """Return once the run is no longer as it was."""
    with parts.wakeup.watch("runs") as watch:
        while await _is_as_it_was(parts, run):
            await watch.wait(_LOOK_SECONDS)


async def _is_as_it_was(parts: Parts, run: Run) -> bool:
    try:
        now = await parts.work.read(lambda s: s.stores.runs.get(run.workspace_id, run.id))
    except UnavailableError:
        return True  # Nobody knows while the database is busy, and a build is not lost for it.
    return (now.state, now.is_preempted) == (run.state, run.is_preempted)


class BuildLog:
    """Carries the lines of a build, which come from any thread, to the log of the run."""

    def __init__(self, logs: LogStore, owner: tuple[str, str]) -> None:
        self._logs = logs
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._pending: deque[str] = deque()
        self._some = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._offset = 0
        self._writing: asyncio.Task[None] | None = None

    @property
    def last_lines(self) -> str:
        """The end of what was written."""
        return "\n".join(self._last)

    def write(self, line: str) -> None:
        """Take a line; from any thread."""
        self._pending.append(line.rstrip("\n"))
        self._loop.call_soon_threadsafe(self._some.set)

    async def __aenter__(self) -> Self:
        # A build that was cut off by the end of the server continues the log it had begun.
        files = await self._logs.list(self._owner)
        self._offset = next((file.size for file in files if file.path == LOG_PATH), 0)
        self._writing = asyncio.create_task(self._keep_writing())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self._flush()

    async def _keep_writing(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            # Shielded, so that the end of the build cannot cut a write in two.
            await asyncio.shield(self._flush())
            await asyncio.sleep(_WRITE_SECONDS)

    async def _flush(self) -> None:
        # One after the other: the end of the build comes while lines are on their way, and the
        # lines behind them would leave a gap if they were first.
        async with self._flushing:
            lines = [self._pending.popleft() for _ in range(len(self._pending))]
            if lines:
                self._last.extend(lines)
                data = "".join(f"{line}\n" for line in lines).encode(errors="replace")
                size = await self._logs.append(self._owner, LOG_PATH, self._offset, data)
                self._offset = max(size, self._offset)
