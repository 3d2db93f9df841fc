import asyncio

import pytest
from zaffre.adapters.builders.sharing import Sharing


def test_who_asks_at_the_same_time_shares_the_work_and_hears_all_of_it():
    async def story():
        sharing, go, started = Sharing(), asyncio.Event(), []

        async def work(say):
            started.append(1)
            say("first")
            await go.wait()
            say("second")
            return 42

        heard, began = [[], []], [asyncio.Event(), asyncio.Event()]

        def listener(number):
            return lambda line: (heard[number].append(line), began[number].set())

        one = asyncio.create_task(sharing.join("k", work, listener(0)))
        await began[0].wait()
        two = asyncio.create_task(sharing.join("k", work, listener(1)))
        await began[1].wait()
        go.set()
        assert await asyncio.gather(one, two) == [42, 42]
        assert heard == [["first", "second"]] * 2
        assert len(started) == 1
        assert await sharing.join("k", work, listener(0)) == 42
        assert len(started) == 2

    asyncio.run(story())


def test_the_work_ends_with_the_last_who_waits():
    async def story():
        sharing, ended, running = Sharing(), asyncio.Event(), asyncio.Event()

        async def work(_say):
            running.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        waiting = [asyncio.create_task(sharing.join("k", work, print)) for _ in range(2)]
        await running.wait()
        waiting[0].cancel()
        await asyncio.wait([waiting[0]])
        assert not ended.is_set()
        waiting[1].cancel()
        await asyncio.wait([waiting[1]])
        assert ended.is_set()

    asyncio.run(story())


def test_a_failure_reaches_everybody_and_is_not_kept():
    async def story():
        sharing = Sharing()

        async def fail(_say):
            await asyncio.sleep(0)
            raise LookupError

        async def succeed(_say):
            return 1

        results = await asyncio.gather(
            sharing.join("k", fail, print), sharing.join("k", fail, print), return_exceptions=True
        )
        assert [type(result) for result in results] == [LookupError, LookupError]
        assert await sharing.join("k", succeed, print) == 1

    asyncio.run(story())


@pytest.mark.parametrize("times", [3])
def test_who_comes_after_it_was_given_up_starts_anew(times):
    async def story():
        sharing = Sharing()

        async def forever(_say):
            await asyncio.Event().wait()

        async def answer(_say):
            return times

        task = asyncio.create_task(sharing.join("k", forever, print))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert await sharing.join("k", answer, print) == times

    asyncio.run(story())
