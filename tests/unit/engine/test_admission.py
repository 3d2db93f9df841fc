"""Admission at clusters, over a real database; launching is scripted."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zaffre.domain.computes import ComputeKind, ComputeState, NodeState, Power, Scale
from zaffre.domain.errors import ConflictError, NotFoundError
from zaffre.domain.runs import Run, RunState
from zaffre.domain.scheduling import Admission
from zaffre.ports.launchers import RunnerOrder
from zaffre.services.computes import NewCompute
from zaffre.services.scheduling import Step
from zaffre.services.work import Services

from engine.yards import ALICE, Scripted, Yard, build_for_ever, is_in, yard

S = RunState


async def create(place: Yard, name: str, **said: Any) -> None:
    asked = {"kind": ComputeKind.CLUSTER, "scale": Scale(max_nodes=1, idle_seconds=0), **said}
    new = NewCompute(name=name, **asked)
    await place.work.write(lambda s: s.computes.create(place.workspace_id, new, caller=ALICE))


async def nodes(place: Yard, name: str) -> list[tuple[NodeState, str | None]]:
    found = await place.work.read(
        lambda s: s.computes.get(place.workspace_id, name, caller=ALICE).nodes
    )
    return [(node.state, node.run_id) for node in found]


async def end(place: Yard, run: Run, outcome: RunState = S.COMPLETED) -> None:
    await place.work.write(lambda s: s.attempts.move(run, state=outcome))


def test_runs_of_a_cluster_take_turns_at_its_nodes(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted()) as place:
            await create(place, "cpu")
            first = await place.submit(compute="cpu")
            second = await place.submit(compute="cpu")
            beside = await place.submit()
            first = await place.until(first, is_in(S.STARTING))
            await place.until(beside, is_in(S.STARTING))
            assert first.nodes == ("cpu-1",)
            assert (await place.get(second)).state is S.QUEUED
            await end(place, first, S.CANCELED)
            await place.until(second, is_in(S.STARTING))
            assert await nodes(place, "cpu") == [(NodeState.RUNNING, second.id)]

    asyncio.run(story())


def test_a_run_of_low_priority_gives_way_and_begins_anew(tmp_path: Path):
    async def story() -> None:
        scripted = Scripted()
        async with yard(tmp_path, scripted, max_nodes=1) as place:
            await create(place, "spot", low_priority=True)
            await create(place, "dear")
            modest = await place.submit(compute="spot")
            modest = await place.until(modest, lambda run: "launcher" in run.handle)
            await place.work.write(
                lambda s: s.attempts.start(
                    ALICE, place.workspace_id, modest.id, attempt=1, runner="r"
                )
            )
            urgent = await place.until(await place.submit(compute="dear"), is_in(S.STARTING))
            modest = await place.until(modest, is_in(S.QUEUED))
            assert [handle["attempt"] for handle in scripted.stopped] == [1]
            await end(place, urgent, S.CANCELED)
            again = await place.until(modest, is_in(S.STARTING))
            assert (again.attempt, again.attempts, again.handle["restarts"]) == (3, 1, 1)

    asyncio.run(story())


def test_a_run_of_low_priority_that_is_still_prepared_gives_way(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted(build=build_for_ever), max_nodes=1) as place:
            await create(place, "spot", low_priority=True)
            await create(place, "dear")
            modest = await place.submit(compute="spot")
            await place.until(modest, is_in(S.PREPARING))
            await place.until(await place.submit(compute="dear"), is_in(S.PREPARING))
            await place.until(modest, is_in(S.QUEUED))

    asyncio.run(story())


def test_nothing_is_submitted_to_an_instance_that_is_being_deleted(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted()) as place:
            await create(place, "mine", kind=ComputeKind.INSTANCE, scale=None)
            await place.work.write(
                lambda s: s.computes.delete(place.workspace_id, "mine", caller=ALICE)
            )
            with pytest.raises(ConflictError) as refused:
                await place.submit(compute="mine")
            assert refused.value.code == "ComputeDeleting"

    asyncio.run(story())


def test_an_instance_executes_runs_while_it_runs(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted()) as place:
            await create(place, "mine", kind=ComputeKind.INSTANCE, scale=None)
            run = await place.submit(compute="mine")
            why = await place.work.read(lambda s: s.scheduling.why(run))
            assert why == "The instance `mine` is Starting; runs start once it is Running."
            await place.work.write(lambda s: power(s, place.workspace_id, Power.RUNNING))
            await place.until(run, is_in(S.STARTING))

    asyncio.run(story())


def test_nothing_is_admitted_to_an_instance_that_was_stopped_meanwhile(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted()) as place:
            await create(place, "mine", kind=ComputeKind.INSTANCE, scale=None)
            run = await place.submit(compute="mine")
            stopped = await place.work.read(
                lambda s: s.computes.get(place.workspace_id, "mine", caller=ALICE)
            )
            seen = replace(stopped, power=Power.RUNNING, state=ComputeState.SUCCEEDED)
            step = Step(admitted=[(seen, Admission(run))])
            with pytest.raises(ConflictError) as refused:
                await place.work.write(lambda s: s.scheduling.apply(step))
            assert refused.value.code == "ComputeChanged"
            assert (await place.get(run)).state is S.QUEUED

    asyncio.run(story())


def test_an_instance_that_failed_is_creating_while_it_starts_again(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted()) as place:
            await create(place, "mine", kind=ComputeKind.INSTANCE, scale=None)
            await place.work.write(
                lambda s: power(s, place.workspace_id, Power.SETUP_FAILED, ComputeState.FAILED)
            )
            again = await place.work.write(
                lambda s: s.computes.turn(
                    place.workspace_id, "mine", Power.RESTARTING, caller=ALICE
                )
            )
            assert (again.state, again.power) == (ComputeState.CREATING, Power.RESTARTING)

    asyncio.run(story())


def test_why_a_launch_waits_is_told_until_it_is_done(tmp_path: Path):
    class Far(Scripted):
        back = asyncio.Event()

        async def launch(self, order: RunnerOrder) -> dict[str, Any]:
            await order.wait("gpu1 is out of reach.")
            await self.back.wait()
            return await super().launch(order)

    async def story() -> None:
        far = Far()
        async with yard(tmp_path, far) as place:
            await create(place, "gpu1", kind=ComputeKind.MACHINE, scale=None)
            run = await place.submit(compute="gpu1")
            run = await place.until(run, lambda run: "away" in run.handle)
            why = await place.work.read(lambda s: s.scheduling.why(run))
            assert (run.state, why) == (S.STARTING, "gpu1 is out of reach.")
            # A server that was started anew launches again, which counts as no failed attempt.
            begun, _ = await place.work.write(lambda s: s.attempts.begin_again(run))
            assert (begun.attempt, begun.attempts, "away" in begun.handle) == (2, 1, False)
            far.back.set()

    asyncio.run(story())


def test_a_credential_that_cannot_be_read_ends_the_run_with_the_reason(tmp_path: Path):
    async def story() -> None:
        async with yard(tmp_path, Scripted()) as place:
            machine = {"kind": ComputeKind.MACHINE, "credential": {"password": "p"}}
            await create(place, "gpu1", scale=None, **machine)
            await place.work.write(lambda s: spoil(s, place.workspace_id))
            failed = await place.until(await place.submit(compute="gpu1"), is_in(S.FAILED))
            assert failed.error is not None
            assert failed.error.code == "RunnerNotLaunched"
            assert failed.attempt == 1

    asyncio.run(story())


def test_what_a_launch_does_not_find_ends_the_run_with_the_reason(tmp_path: Path):
    class Bare(Scripted):
        async def launch(self, order: RunnerOrder) -> dict[str, Any]:
            raise NotFoundError("BlobNotFound", "There is no such wheel.", target=order.run_id)

    async def story() -> None:
        async with yard(tmp_path, Bare()) as place:
            failed = await place.until(await place.submit(), is_in(S.FAILED))
            assert failed.error is not None
            assert failed.error.message == "No runner can be launched: There is no such wheel."
            assert failed.attempt == 1

    asyncio.run(story())


def spoil(services: Services, workspace_id: str) -> None:
    seen = services.computes.get(workspace_id, "gpu1", caller=ALICE)
    services.computes.save(seen, replace(seen, sealed=bytes(len(seen.sealed))))


def power(
    services: Services,
    workspace_id: str,
    now: Power,
    state: ComputeState = ComputeState.SUCCEEDED,
) -> None:
    seen = services.computes.get(workspace_id, "mine", caller=ALICE)
    services.computes.save(seen, replace(seen, power=now, state=state))
