"""Runs whose programs promised to say that they live, with a clock of the test's own."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from zaffre.domain.errors import ConflictError
from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint
from zaffre.domain.runs import RunState
from zaffre.domain.workspaces import Workspace
from zaffre.engine.runs.programs import ProgramLoop
from zaffre.services.programs import Programs

from services.conftest import ALICE, Desk

S = RunState


@dataclass
class HandClock:
    """Goes on when it is told to."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Watch:
    desk: Desk
    clock: HandClock
    programs: Programs

    def look(self) -> None:
        loop = ProgramLoop(self.desk.work, self.programs, self.clock, silence_seconds=600)
        self.desk.runner.run(loop.look())

    def state(self, run) -> RunState:
        return self.desk.read(lambda s: s.stores.runs.get(run.workspace_id, run.id)).state


@pytest.fixture
def watch(desk: Desk) -> Watch:
    clock = HandClock()
    return Watch(desk, clock, Programs(clock.monotonic))


def begun(watch: Watch, workspace: Workspace, *, beats: bool = True):
    run = watch.desk.interactive(workspace, beats=beats)
    if beats:
        watch.programs.expect(workspace.id, run.id)
    return run


def test_a_program_that_is_silent_for_long_loses_its_run(watch: Watch, workspace: Workspace):
    run = begun(watch, workspace)
    watch.clock.seconds = 590
    watch.programs.hear(workspace.id, run.id)
    watch.clock.seconds = 1180
    watch.look()
    assert watch.state(run) is S.RUNNING
    watch.clock.seconds = 1200
    watch.look()
    lost = watch.desk.read(lambda s: s.stores.runs.get(workspace.id, run.id))
    assert lost.state is S.FAILED
    assert lost.error is not None
    assert lost.error.code == "HeartbeatLost"
    assert "last heard of at 2026-01-01 11:49:50 UTC" in lost.error.message


def test_a_program_that_never_promised_is_left_alone(watch: Watch, workspace: Workspace):
    run = begun(watch, workspace, beats=False)
    watch.programs.hear(workspace.id, run.id)
    assert watch.desk.read(lambda s: s.programs.open()) == []
    assert watch.desk.read(lambda s: s.programs.beating(workspace.id, [run.id], caller=ALICE)) == (
        []
    )
    watch.clock.seconds = 10_000
    watch.look()
    assert watch.state(run) is S.RUNNING


def test_a_run_that_ended_by_itself_stays_as_it_is(watch: Watch, workspace: Workspace):
    run = begun(watch, workspace)
    watch.desk.write(lambda s: s.runs.end(workspace.id, run.id, S.COMPLETED, caller=ALICE))
    watch.clock.seconds = 10_000
    watch.look()
    assert watch.state(run) is S.COMPLETED
    assert watch.programs.silent(0) == {}


def lost(watch: Watch, workspace: Workspace):
    run = begun(watch, workspace)
    watch.clock.seconds += 10_000
    watch.look()
    assert watch.state(run) is S.FAILED
    return run


def test_a_program_that_comes_back_goes_on(watch: Watch, workspace: Workspace):
    run = lost(watch, workspace)
    found = watch.desk.read(lambda s: s.programs.beating(workspace.id, [run.id], caller=ALICE))
    watch.desk.write(lambda s: s.programs.reopen(found))
    again = watch.desk.read(lambda s: s.stores.runs.get(workspace.id, run.id))
    assert (again.state, again.error, again.ended_at) == (S.RUNNING, None, None)
    assert [one.id for one in watch.desk.read(lambda s: s.programs.open())] == [run.id]


def test_metrics_that_come_late_are_stored(watch: Watch, workspace: Workspace):
    run = lost(watch, workspace)
    point = MetricPoint(
        name="x", kind=MetricKind.SCALAR, value=1.0, step=None, time=watch.clock.now()
    )
    batch = MetricBatch.of("w", 1, (point,))
    assert watch.desk.write(lambda s: s.metrics.append(workspace.id, run.id, batch, caller=ALICE))
    assert watch.state(run) is S.FAILED


@pytest.mark.parametrize("state", [S.COMPLETED, S.FAILED, S.CANCELED])
def test_a_program_that_comes_back_to_end_does(watch: Watch, workspace: Workspace, state):
    run = lost(watch, workspace)
    ended = watch.desk.write(lambda s: s.runs.end(workspace.id, run.id, state, caller=ALICE))
    assert ended.state is state
    assert ended.error is None or ended.error.code == "RunFailed"
    with pytest.raises(ConflictError):
        watch.desk.write(lambda s: s.runs.end(workspace.id, run.id, _other(state), caller=ALICE))


def test_the_loop_finds_what_an_earlier_server_watched(
    watch: Watch, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    run = watch.desk.interactive(workspace, beats=True)

    async def a_first_look() -> None:
        loop = ProgramLoop(watch.desk.work, watch.programs, watch.clock, silence_seconds=600)
        looked, look = asyncio.Event(), loop.look

        async def look_and_tell() -> None:
            await look()
            looked.set()

        monkeypatch.setattr(loop, "look", look_and_tell)
        task = asyncio.create_task(loop.run())
        await looked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    watch.desk.runner.run(a_first_look())
    assert list(watch.programs.silent(-1)) == [(workspace.id, run.id)]


def _other(state: RunState) -> RunState:
    return S.CANCELED if state is S.COMPLETED else S.COMPLETED
