"""The loop that goes on with deletions."""

import asyncio
import errno

from zaffre.engine.removals import RemovalLoop
from zaffre.engine.wakeup import EngineWakeup


class FailingEraser:
    """Meets a broken file at its first look."""

    def __init__(self) -> None:
        self.looks: asyncio.Queue[int] = asyncio.Queue()
        self._count = 0

    async def resume(self) -> None:
        self._count += 1
        self.looks.put_nowait(self._count)
        if self._count == 1:
            raise OSError(errno.EIO, "Input/output error")


def test_a_file_that_cannot_be_removed_does_not_end_the_loop(caplog):
    async def inside():
        eraser, wakeup = FailingEraser(), EngineWakeup(asyncio.get_running_loop())
        loop = RemovalLoop(eraser, wakeup, None, started_at=None)
        task = asyncio.create_task(loop.run())
        async with asyncio.timeout(10):
            assert await eraser.looks.get() == 1
            wakeup.hint("removals")
            assert await eraser.looks.get() == 2
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    asyncio.run(inside())
    assert "Nothing could be removed: [Errno 5] Input/output error" in caplog.text
