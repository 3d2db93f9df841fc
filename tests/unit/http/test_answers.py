"""Answers for requests sent again are kept for two days."""

import asyncio
from datetime import timedelta

from doors import HOST, ask, open_doors
from zaffre.engine.answers import KEPT, AnswerLoop
from zaffre.ports.stores import StoredAnswer


def test_r16_old_answers_are_forgotten_and_others_kept(tmp_path):
    assert timedelta(hours=24) <= KEPT

    async def inside():
        async with open_doors(tmp_path, []) as doors:
            clock, work = doors.house.clock, doors.house.work
            ages = {"old": KEPT + timedelta(minutes=1), "young": KEPT - timedelta(minutes=1)}
            for key, age in ages.items():
                answer = StoredAnswer(
                    principal="p",
                    key=key,
                    request_digest="d",
                    status=201,
                    body=b"{}",
                    created_at=clock.now() - age,
                )
                await work.write(lambda s, answer=answer: s.stores.answers.add(answer))
            loop = asyncio.create_task(AnswerLoop(work, clock).run())
            async with asyncio.timeout(20):
                while await work.read(lambda s: s.stores.answers.find("p", "old")):  # noqa: ASYNC110 (the table tells nobody)
                    await asyncio.sleep(0.01)
            loop.cancel()
            assert await work.read(lambda s: s.stores.answers.find("p", "old")) is None
            assert await work.read(lambda s: s.stores.answers.find("p", "young")) is not None

    asyncio.run(inside())


def test_readiness_ends_with_the_first_signal(tmp_path):
    async def inside():
        async with open_doors(tmp_path, []) as doors:
            assert (await ask(doors.app, "GET", "/readyz", headers=[HOST])).status == 200
            doors.house.changes.stop()
            assert (await ask(doors.app, "GET", "/readyz", headers=[HOST])).status == 503
            assert (await ask(doors.app, "GET", "/healthz", headers=[HOST])).status == 200

    asyncio.run(inside())
