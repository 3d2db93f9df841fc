"""Waiting for changes."""

import asyncio
import threading

from zaffre.protocols.http.changes import Changes


def test_a_hint_from_another_thread_wakes_everybody():
    async def inside():
        changes = Changes(asyncio.get_running_loop())
        waiting = [asyncio.create_task(changes.wait(30)) for _ in range(3)]
        await asyncio.sleep(0)
        threading.Thread(target=changes.hint, args=("runs",)).start()
        await asyncio.wait_for(asyncio.gather(*waiting), 5)

    asyncio.run(inside())


def test_a_change_after_the_mark_is_not_missed():
    async def inside():
        changes = Changes(asyncio.get_running_loop())
        mark = changes.mark()
        changes.hint("runs")
        await asyncio.wait_for(changes.wait(30), 5)
        await asyncio.wait_for(changes.wait(30, since=mark), 1)

    asyncio.run(inside())


def test_r31_stopping_ends_all_waiting_from_then_on():
    async def inside():
        changes = Changes(asyncio.get_running_loop())
        told: list[str] = []
        changes.at_stop(lambda: told.append("stopped"))
        waiting = asyncio.create_task(changes.wait(30))
        await asyncio.sleep(0)
        changes.stop()
        await asyncio.wait_for(waiting, 5)
        await asyncio.wait_for(changes.wait(30), 1)
        assert told == ["stopped"]

    asyncio.run(inside())


def test_waiting_ends_by_itself():
    async def inside():
        changes = Changes(asyncio.get_running_loop())
        await asyncio.wait_for(changes.wait(0.01), 5)
        await asyncio.wait_for(changes.wait(0), 5)

    asyncio.run(inside())


def test_hints_to_a_loop_that_is_gone_are_ignored():
    loop = asyncio.new_event_loop()
    changes = Changes(loop)
    loop.close()
    changes.hint("runs")
