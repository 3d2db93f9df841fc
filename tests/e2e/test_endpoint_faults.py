"""Endpoints when the machine below them fails for a moment: they serve, or serve again."""

import asyncio
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from doors import HOST, ask
from serving import ECHO, Shop, ThisPython, lives, open_shop, until
from zaffre.domain.endpoints import EndpointState
from zaffre.engine.endpoints.keeper import Keeper
from zaffre.engine.endpoints.log import EndpointLog

pytestmark = pytest.mark.timeout(90)
CRASHING = """
    import os

    def init():
        pass

    def run(data):
        os._exit(3)
"""


async def score(shop: Shop, name: str = "svc") -> int:
    endpoint = await shop.endpoint(name)
    path = f"/endpoints/{endpoint.id}/score"
    reply = await ask(shop.scoring, "POST", path, headers=[HOST], body=b'"x"')
    if reply.status == 200:
        assert json.loads(reply.body) == {"got": '"x"'}
    return reply.status


async def until_scored(shop: Shop) -> None:
    async with asyncio.timeout(30):
        while await score(shop) != 200:  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0.05)


def failing(original: Callable[..., Any], *, times: int = 1) -> tuple[list[int], Any]:
    """Return a stand-in that fails some times like a machine at its limits."""
    calls: list[int] = []

    async def stand_in(*args: Any, **said: Any) -> Any:
        calls.append(1)
        if len(calls) <= times:
            raise OSError(errno.EMFILE, "Too many open files")
        return await original(*args, **said)

    return calls, stand_in


async def pid_of(shop: Shop, name: str = "svc") -> int:
    endpoint = await shop.endpoint(name)
    live = shop.parts.table.find(endpoint.id)
    assert live is not None
    [replica] = live.replicas
    return replica.pid


def test_a_replica_is_started_again_whatever_stood_in_the_way(tmp_path: Path) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            await shop.deploy(await shop.spec(ECHO))
            calls, start = failing(shop.parts.replicas.start)
            shop.parts.replicas.start = start
            psutil.Process(await pid_of(shop)).kill()
            await until(lambda: len(calls) == 2, what="a second start")
            await until_scored(shop)
            log = await shop.log(await shop.endpoint())
            assert "Too many open files" in log

    asyncio.run(test())


def test_replicas_are_started_again_when_their_state_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            await shop.deploy(await shop.spec(CRASHING))
            calls, record = failing(Keeper._record, times=2)
            monkeypatch.setattr(Keeper, "_record", record)
            async with asyncio.timeout(30):
                while len(calls) < 3:
                    await score(shop)
                    await asyncio.sleep(0.02)
            await shop.when("svc", lambda e: e.state is EndpointState.UNHEALTHY)

    asyncio.run(test())


def test_the_end_of_a_deployment_is_kept_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, record = failing(Keeper._record, times=2)
    monkeypatch.setattr(Keeper, "_record", record)

    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            done = await shop.deploy(await shop.spec(ECHO))
            assert done.state is EndpointState.HEALTHY
            assert len(calls) == 3
            assert await score(shop) == 200

    asyncio.run(test())


def test_an_endpoint_removed_while_it_is_recorded_leaves_no_replica(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(ECHO))
            before = psutil.Process(await pid_of(shop))
            calls, record = failing(Keeper._record, times=1_000_000)
            monkeypatch.setattr(Keeper, "_record", record)
            deploying = asyncio.create_task(shop.deploy(await shop.spec(ECHO, max_concurrent=2)))
            await until(lambda: calls, what="the end of the second deployment")
            await shop.parts.work.write(lambda s: s.stores.endpoints.remove(endpoint))
            await until(lambda: not lives(before), what="the end of the first replica")
            await asyncio.gather(deploying, return_exceptions=True)

    asyncio.run(test())


def test_a_generation_that_served_is_kept_when_it_cannot_be_started_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def log_of(shop: Shop) -> str:
        return await shop.log(await shop.endpoint())

    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            await shop.deploy(await shop.spec(ECHO))
            failed = await shop.deploy(await shop.spec("def init():\n    raise ValueError\n"))
            assert failed.state is EndpointState.FAILED
        with monkeypatch.context() as patch:
            calls, build = failing(ThisPython.build)
            patch.setattr(ThisPython, "build", build)
            async with open_shop(tmp_path) as shop, asyncio.timeout(30):
                while "does not serve again" not in await log_of(shop):  # noqa: ASYNC110 (as above)
                    await asyncio.sleep(0.02)
            assert calls
        async with open_shop(tmp_path) as shop:
            await until_scored(shop)

    asyncio.run(test())


def test_a_stray_file_beside_generations_stops_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            endpoint = await shop.deploy(await shop.spec(ECHO))
            (shop.parts.folder / endpoint.id / ".DS_Store").write_bytes(b"x")
        async with open_shop(tmp_path) as shop:
            await until_scored(shop)

    asyncio.run(test())


def test_an_endpoint_that_cannot_be_removed_ends_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            await shop.deploy(await shop.spec(ECHO))
            other = await shop.deploy(await shop.spec(ECHO), "other")
            pid = await pid_of(shop)
            calls, remove = failing(shop.parts.logs.remove)
            shop.parts.logs.remove = remove
            await shop.parts.work.write(lambda s: s.stores.endpoints.remove(other))
            await until(lambda: calls, what="the removal")
            await shop.deploy(await shop.spec(ECHO), "third")
            assert await pid_of(shop) == pid
            assert await score(shop) == 200

    asyncio.run(test())


def test_a_log_outlives_a_disk_that_failed(tmp_path: Path) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            calls, append = failing(shop.parts.logs.append)
            shop.parts.logs.append = append
            owner = (shop.workspace.id, "e")
            log = EndpointLog(shop.parts.logs, owner, clock=shop.parts.clock)
            log.write(b"lost\n")
            await until(lambda: calls, what="the first write")
            log.write(b"kept\n")
            await until(lambda: len(calls) > 1, what="the second write")
            log.write(b"last\n")
            await log.close()
            assert await shop.parts.logs.read(owner, "service.log", 0, limit=99) == b"kept\nlast\n"

    asyncio.run(test())


def test_a_log_outlives_a_disk_that_cannot_be_read_at_first(tmp_path: Path) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            calls, shop.parts.logs.list = failing(shop.parts.logs.list)
            owner = (shop.workspace.id, "e")
            log = EndpointLog(shop.parts.logs, owner, clock=shop.parts.clock)
            log.write(b"lost\n")
            await until(lambda: calls, what="the first look")
            log.write(b"kept\n")
            await until(lambda: len(calls) > 1, what="the second look")
            await log.close()
            assert await shop.parts.logs.read(owner, "service.log", 0, limit=99) == b"kept\n"

    asyncio.run(test())


def test_a_log_that_is_closed_within_a_write_keeps_what_comes_behind(tmp_path: Path) -> None:
    async def test() -> None:
        async with open_shop(tmp_path) as shop:
            append, go, seen = shop.parts.logs.append, asyncio.Event(), []

            async def slow(*args: Any) -> int:
                seen.append(1)
                await go.wait()
                return await append(*args)

            shop.parts.logs.append = slow
            owner = (shop.workspace.id, "e")
            log = EndpointLog(shop.parts.logs, owner, clock=shop.parts.clock)
            log.write(b"first\n")
            await until(lambda: seen, what="a write")
            log.write(b"second\n")
            closing = asyncio.create_task(log.close())
            for _ in range(20):
                await asyncio.sleep(0)
            go.set()
            await closing
            assert (
                await shop.parts.logs.read(owner, "service.log", 0, limit=99) == b"first\nsecond\n"
            )

    asyncio.run(test())
