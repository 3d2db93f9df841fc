"""Targets whose runs another scheduler places: reached or not, and what the engine makes of it."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from zaffre.domain.computes import Compute, ComputeError, ComputeKind, ComputeState
from zaffre.engine.clusters import ClusterLoop
from zaffre.engine.wakeup import EngineWakeup
from zaffre.ports.clusters import ClusterTarget
from zaffre.ports.launchers import Account
from zaffre.services.computes import NewCompute

from engine.yards import ALICE, S, Scripted, is_in, yard

AWAY = ComputeError(code="ClusterOutOfReach", message="nobody answers")


@dataclass
class ScriptedClusters:
    error: ComputeError | None = None
    looks: list[ClusterTarget] = field(default_factory=list)
    kept: list[list[str]] = field(default_factory=list)

    async def look(self, target: ClusterTarget) -> ComputeError | None:
        self.looks.append(target)
        return self.error

    async def keep_only(self, computes: Collection[Compute]) -> None:
        self.kept.append([compute.name for compute in computes])

    def close(self) -> None: ...


def test_r42_one_bad_answer_of_a_cluster_that_worked_is_none(tmp_path: Path):
    async def scenario() -> None:
        async with yard(tmp_path, Scripted()) as there:
            clusters = ScriptedClusters(AWAY)
            wakeup = EngineWakeup(asyncio.get_running_loop())
            loop = ClusterLoop(there.work, wakeup, ComputeKind.RAY, clusters)
            ray = NewCompute(name="rays", kind=ComputeKind.RAY, credential={"token": "t"})
            other = NewCompute(name="machine", kind=ComputeKind.MACHINE)
            for new in (ray, other):
                await there.work.write(
                    lambda s, new=new: s.computes.create(there.workspace_id, new, caller=ALICE)
                )

            async def look() -> Compute:
                with wakeup.watch("computes") as watch:
                    await loop._tick(watch)
                    await asyncio.gather(*loop._looking.values())
                return await there.work.read(
                    lambda s: s.computes.get(there.workspace_id, "rays", caller=ALICE)
                )

            seen = await look()
            assert (seen.state, seen.errors) == (ComputeState.FAILED, (AWAY,))
            clusters.error = None
            seen = await look()
            assert (seen.state, seen.errors) == (ComputeState.SUCCEEDED, ())
            clusters.error = AWAY
            assert [(await look()).state for _ in range(3)] == [
                ComputeState.SUCCEEDED,
                ComputeState.SUCCEEDED,
                ComputeState.FAILED,
            ]
            assert {target.credential["token"] for target in clusters.looks} == {"t"}
            assert clusters.kept[-1] == ["rays"]

    asyncio.run(scenario())


def test_r42_a_run_whose_place_is_out_of_reach_is_queued_again(tmp_path: Path):
    async def scenario() -> None:
        scripted = Scripted(is_near=False)
        async with yard(tmp_path, scripted) as there:
            run = await there.submit()
            await there.until(run, lambda now: now.attempt > 4)
            scripted.is_near = True
            again = await there.until(run, lambda _: bool(scripted.launched))
            assert scripted.launched[0].attempt > 4
            assert again.handle["restarts"] == 0, "its log is the first one"

    asyncio.run(scenario())


def test_a_runner_that_waits_for_room_is_not_launched_again(tmp_path: Path):
    async def scenario() -> None:
        scripted = Scripted(said=Account(waits=True))
        async with yard(tmp_path, scripted, start_seconds=0.0) as there:
            run = await there.submit()
            await there.until(run, is_in(S.STARTING))
            await asyncio.sleep(0.2)  # Several looks, none of which may do anything.
            assert len(scripted.launched) == 1
            scripted.said = Account()
            await there.until(run, lambda now: now.attempt > 1)

    asyncio.run(scenario())


def test_r42_the_place_says_why_a_runner_is_gone(tmp_path: Path):
    async def scenario() -> None:
        scripted = Scripted(said=Account(ending="The head was lost."))
        async with yard(tmp_path, scripted, probe_seconds=0.0) as there:
            run = await there.submit()
            started = await there.until(run, is_in(S.STARTING))
            moved = replace(started, handle=started.handle)
            await there.work.write(lambda s: s.attempts.move(moved, state=S.RUNNING))
            scripted.alive = False
            failed = await there.until(run, is_in(S.FAILED))
            assert failed.error is not None
            assert failed.error.message == "The head was lost. Submit the run again."

    asyncio.run(scenario())


def test_what_a_place_waits_for_is_told_and_what_it_will_never_do_ends_the_run(tmp_path: Path):
    async def scenario() -> None:
        scripted = Scripted(said=Account(waits=True, reason="no node is free"))
        async with yard(tmp_path, scripted, probe_seconds=0.0) as there:
            run = await there.submit()
            waits = await there.until(run, lambda now: "waits" in now.handle)
            assert await there.work.read(lambda s: s.scheduling.why(waits)) == "no node is free"
            scripted.said = Account()
            begun = await there.until(run, lambda now: now.handle.get("waits") == "")
            assert await there.work.read(lambda s: s.scheduling.why(begun)) is None
            scripted.said = Account(waits=True, ending="There is no such image.", code="NoImage")
            failed = await there.until(run, is_in(S.FAILED))
            assert failed.error is not None
            assert (failed.error.code, failed.attempt) == ("NoImage", 1)
            assert failed.error.message == "There is no such image."
            await there.until(run, lambda _: bool(scripted.stopped))

    asyncio.run(scenario())
