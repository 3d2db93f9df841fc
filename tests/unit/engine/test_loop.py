"""The engine of runs, step by step."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec
from zaffre.domain.errors import UnavailableError
from zaffre.engine.runs.progress import LOG_PATH, BuildLog

from engine.yards import (
    ALICE,
    S,
    Scripted,
    build_at_once,
    build_for_ever,
    fail_to_build,
    is_in,
    yard,
)


def test_a_run_is_built_and_launched_with_a_log_of_the_build(tmp_path: Path):
    async def story() -> None:
        scripted = Scripted()
        async with yard(tmp_path, scripted) as place:
            run = await place.submit()
            run = await place.until(run, lambda now: "launcher" in now.handle)
            assert (run.state, run.attempt) == (S.STARTING, 1)
            (order,) = scripted.launched
            assert (order.run_id, order.attempt, order.python) == (run.id, 1, "/py")
            log = await place.logs.read((run.workspace_id, run.id), LOG_PATH, 0, limit=1000)
            assert log == b"built in a thread\n"

    asyncio.run(story())


def test_a_failed_build_fails_the_run_with_its_last_lines(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted(build=fail_to_build)) as place:
            run = await place.until(await place.submit(), is_in(S.FAILED))
            assert run.error is not None
            assert run.error.code == "EnvironmentBuildFailed"
            assert "`nope` cannot be installed." in run.error.message
            assert run.error.details == "no such package: nope"
            assert run.attempt == 0

    asyncio.run(story())


def test_r10_a_run_that_is_canceled_while_it_is_built_ends_promptly(tmp_path: Path):
    async def story() -> None:
        scripted = Scripted(build=build_for_ever)
        async with yard(tmp_path, scripted) as place:
            run = await place.until(await place.submit(), is_in(S.PREPARING))
            await place.work.write(lambda s: s.runs.cancel(run.workspace_id, run.id, caller=ALICE))
            await place.until(run, is_in(S.CANCELED))
            assert scripted.launched == []

    asyncio.run(story())


def test_no_more_runs_leave_the_queue_than_there_are_slots(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted(build=build_for_ever), local_slots=2) as place:
            runs = [await place.submit() for _ in range(4)]
            await place.until(runs[1], is_in(S.PREPARING))
            first = runs[0]
            assert [(await place.get(run)).state for run in runs] == [
                S.PREPARING,
                S.PREPARING,
                S.QUEUED,
                S.QUEUED,
            ]
            await place.work.write(
                lambda s: s.runs.cancel(first.workspace_id, first.id, caller=ALICE)
            )
            await place.until(runs[2], is_in(S.PREPARING))
            assert (await place.get(runs[3])).state is S.QUEUED

    asyncio.run(story())


def test_a_runner_that_never_starts_is_replaced_a_few_times(tmp_path: Path):
    async def story() -> None:
        scripted = Scripted(alive=False)
        async with yard(tmp_path, scripted, max_attempts=3) as place:
            run = await place.until(await place.submit(), is_in(S.FAILED))
            assert run.error is not None
            assert run.error.code == "RunnerNotStarted"
            assert [order.attempt for order in scripted.launched] == [1, 2, 3]
            assert len({order.token for order in scripted.launched}) == 3
            # The run has ended before the last of its runners has.
            await place.until(run, lambda _: len(scripted.stopped) == 3)
            assert [handle["attempt"] for handle in scripted.stopped] == [1, 2, 3]

    asyncio.run(story())


def test_a_launch_that_fails_fails_the_run(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted(fails=True)) as place:
            run = await place.until(await place.submit(), is_in(S.FAILED))
            assert run.error is not None
            assert run.error.code == "RunnerNotLaunched"
            assert "no room for another process" in run.error.message

    asyncio.run(story())


def test_r09_a_dead_runner_is_noticed_and_swept(tmp_path: Path):
    async def story() -> None:
        scripted = Scripted()
        async with yard(tmp_path, scripted, probe_seconds=0.0) as place:
            run = await place.until(await place.submit(), lambda now: "launcher" in now.handle)
            await place.work.write(
                lambda s: s.attempts.start(
                    ALICE, run.workspace_id, run.id, attempt=1, runner="one"
                )
            )
            scripted.alive = False
            run = await place.until(run, is_in(S.FAILED))
            assert run.error is not None
            assert run.error.code == "SupervisorLost"
            assert scripted.stopped == [{"attempt": 1, "pid": 1}]

    asyncio.run(story())


def test_a_broken_step_ends_its_run_and_no_other(tmp_path: Path):
    async def break_down(_: EnvironmentSpec, __: Callable[[str], None]) -> BuiltEnvironment:
        raise RuntimeError("a bug")

    async def story() -> None:
        scripted = Scripted(build=break_down)
        async with yard(tmp_path, scripted) as place:
            run = await place.until(await place.submit(), is_in(S.FAILED))
            assert run.error is not None
            assert run.error.code == "EngineFailed"
            scripted.build = build_at_once
            await place.until(await place.submit(), lambda now: "launcher" in now.handle)

    asyncio.run(story())


class SlowLogs:
    """Logs whose first write is only done once the test lets it."""

    def __init__(self, logs: LocalLogs) -> None:
        self._logs = logs
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def append(self, owner: tuple[str, str], path: str, offset: int, data: bytes) -> int:
        if offset == 0:
            self.begun.set()
            await self.go_on.wait()
        return await self._logs.append(owner, path, offset, data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logs, name)


def test_the_log_of_a_build_that_ends_while_it_is_written_is_whole(tmp_path: Path):
    async def story() -> None:
        logs, owner = LocalLogs(tmp_path), ("w", "r")
        slow = SlowLogs(logs)
        log = BuildLog(slow, owner)

        async def build() -> None:
            async with log:
                log.write("first")
                await slow.begun.wait()
                log.write("last")

        building = asyncio.create_task(build())
        await slow.begun.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not building.done()
        slow.go_on.set()
        await building
        assert await logs.read(owner, LOG_PATH, 0, limit=100) == b"first\nlast\n"
        assert log.last_lines == "first\nlast"

    asyncio.run(story())


def test_a_long_queue_costs_a_look_nothing(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted(build=build_for_ever), local_slots=2) as place:
            for _ in range(20):
                await place.submit()
            seen = await place.work.read(lambda s: s.scheduling.look(frozenset(), slots=2))
            assert len(seen.local) <= 2

    asyncio.run(story())


def test_a_busy_database_ends_no_build(tmp_path: Path):
    async def story() -> None:
        go_on, builds, refused = asyncio.Event(), 0, 0

        async def build(_: EnvironmentSpec, __: Callable[[str], None]) -> BuiltEnvironment:
            nonlocal builds
            builds += 1
            await go_on.wait()
            return BuiltEnvironment(python="/py")

        async with yard(tmp_path, Scripted(build=build), local_slots=1) as place:
            run = await place.until(await place.submit(), is_in(S.PREPARING))
            read = place.work.read

            async def refuse(_: object) -> None:
                nonlocal refused
                refused += 1
                raise UnavailableError("ServerBusy", "10000 requests wait for the database.")

            place.work.read = refuse
            deadline = time.monotonic() + 10
            while refused < 5:
                await place.submit()
                assert time.monotonic() < deadline
            place.work.read = read
            go_on.set()
            await place.until(run, lambda now: "launcher" in now.handle)
            assert builds == 1

    asyncio.run(story())
