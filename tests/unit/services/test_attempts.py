"""Attempts: who may start, who is stale, how runs end."""

import asyncio
from dataclasses import replace

import pytest
from zaffre.domain.access import Principal
from zaffre.domain.environments import BuiltEnvironment
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError, ZaffreError
from zaffre.domain.runs import Run, RunError, RunState
from zaffre.domain.workspaces import Workspace
from zaffre.services.beats import Beats, take_beat

from services.conftest import ALICE, Desk, of_run

S = RunState
BUILT = BuiltEnvironment(python="/py")


def begun(desk: Desk, workspace: Workspace) -> Run:
    run = desk.script(workspace)
    run = desk.write(lambda s: s.attempts.move(run, state=S.PREPARING))
    return again(desk, run)


def again(desk: Desk, run: Run) -> Run:
    return desk.write(lambda s: s.attempts.begin(run, BUILT, variables={"A": "1"}))[0]


def start(desk: Desk, run: Run, runner: str = "one", *, caller: Principal | None = None):
    return desk.write(
        lambda s: s.attempts.start(
            caller or of_run(run), run.workspace_id, run.id, attempt=run.attempt, runner=runner
        )
    )


def end(desk: Desk, run: Run, outcome: RunState, error: RunError | None = None) -> Run:
    return desk.write(
        lambda s: s.attempts.end(
            of_run(run),
            run.workspace_id,
            run.id,
            attempt=run.attempt,
            outcome=outcome,
            error=error,
        )
    )


def code_of(caught: pytest.ExceptionInfo[ZaffreError]) -> str:
    return caught.value.code


def test_begin_opens_an_attempt_with_a_secret_of_its_own(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    assert (run.state, run.attempt) == (S.STARTING, 1)
    known = desk.read(lambda s: s.stores.runs.get(workspace.id, run.id))
    assert known.handle == {"python": "/py", "variables": {"A": "1"}, "image": None}


def test_start_runs_once_and_answers_its_runner_again(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    started = start(desk, run)
    assert started.run.state is S.RUNNING
    assert started.python == "/py"
    assert started.variables["AZUREML_ARM_WORKSPACE_NAME"] == workspace.name
    assert started.variables["A"] == "1"
    assert start(desk, run).run.state is S.RUNNING
    with pytest.raises(ConflictError) as caught:
        start(desk, run, "another")
    assert code_of(caught) == "AttemptStarted"


def test_r12_an_attempt_that_was_replaced_is_stale(desk: Desk, workspace: Workspace):
    first = begun(desk, workspace)
    second = again(desk, first)
    assert second.attempt == 2
    with pytest.raises(ConflictError) as caught:
        start(desk, first)
    assert code_of(caught) == "StaleAttempt"
    with pytest.raises(ConflictError) as caught:
        start(desk, first, caller=ALICE)
    assert code_of(caught) == "StaleAttempt"
    assert start(desk, second).run.state is S.RUNNING


def test_a_step_that_saw_an_older_state_changes_nothing(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    start(desk, run)
    with pytest.raises(ConflictError) as caught:
        again(desk, run)
    assert code_of(caught) == "RunChanged"


def test_another_run_may_not_start_it(desk: Desk, workspace: Workspace):
    run, other = begun(desk, workspace), begun(desk, workspace)
    with pytest.raises(NotFoundError):
        start(desk, run, caller=of_run(other))


def test_a_program_does_not_drive_the_runs_below_its_own(desk: Desk, workspace: Workspace):
    parent = begun(desk, workspace)
    child = desk.script(workspace, parent_id=parent.id)
    child = desk.write(lambda s: s.attempts.move(child, state=S.PREPARING))
    child = again(desk, child)
    with pytest.raises(NotFoundError):
        start(desk, child, caller=of_run(parent))
    assert start(desk, child).run.state is S.RUNNING


@pytest.mark.parametrize("outcome", [S.RUNNING, S.QUEUED, S.CANCEL_REQUESTED])
def test_what_is_no_end_is_refused_and_changes_nothing(
    desk: Desk, workspace: Workspace, outcome: RunState
):
    run = begun(desk, workspace)
    start(desk, run)
    with pytest.raises(InvalidError) as caught:
        end(desk, run, outcome)
    assert code_of(caught) == "InvalidState"
    assert desk.forgotten == []
    assert end(desk, run, S.COMPLETED).state is S.COMPLETED


def test_the_handle_is_kept_for_its_attempt_alone(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    start(desk, run)
    desk.write(lambda s: s.attempts.launched(run, {"pid": 5}))
    handle = desk.read(lambda s: s.stores.runs.get(workspace.id, run.id)).handle
    assert (handle["launcher"], handle["runner"]) == ({"pid": 5}, "one")
    desk.write(lambda s: s.attempts.launched(replace(run, attempt=7), {"pid": 6}))
    handle = desk.read(lambda s: s.stores.runs.get(workspace.id, run.id)).handle
    assert handle["launcher"] == {"pid": 5}


def test_the_outcome_decides_unless_the_program_failed_itself(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    start(desk, run)
    ended = end(desk, run, S.FAILED, RunError(code="UserScriptFailed", message="exit code 1"))
    assert (ended.state, ended.error.code) == (S.FAILED, "UserScriptFailed")
    with pytest.raises(ConflictError) as caught:
        end(desk, run, S.COMPLETED)
    assert code_of(caught) == "StaleAttempt"

    failed = begun(desk, workspace)
    start(desk, failed)
    said = RunError(code="Mine", message="the program gave up")
    desk.write(
        lambda s: s.runs.end(workspace.id, failed.id, S.FAILED, caller=of_run(failed), error=said)
    )
    assert end(desk, failed, S.COMPLETED).error == said


def test_r10_a_canceled_run_ends_canceled(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    start(desk, run)
    desk.write(lambda s: s.runs.cancel(workspace.id, run.id, caller=ALICE))
    assert end(desk, run, S.COMPLETED).state is S.CANCELED


def test_the_secret_dies_with_the_run(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    start(desk, run)
    end(desk, run, S.COMPLETED)
    assert run.id in desk.forgotten


def beat(desk: Desk, beats: Beats, run: Run, state: RunState) -> bool:
    return desk.runner.run(
        take_beat(
            desk.work,
            beats,
            caller=of_run(run),
            workspace_id=run.workspace_id,
            run_id=run.id,
            attempt=run.attempt,
            state=state,
        )
    )


def state_of(desk: Desk, run: Run) -> RunState:
    return desk.read(lambda s: s.stores.runs.get(run.workspace_id, run.id)).state


def test_r11_a_beat_returns_a_run_to_what_it_does(desk: Desk, workspace: Workspace):
    beats = Beats(lambda: 0.0)
    run = begun(desk, workspace)
    now = start(desk, run).run
    desk.write(lambda s: s.attempts.move(now, state=S.NOT_RESPONDING))
    assert beat(desk, beats, run, S.RUNNING) is False
    assert state_of(desk, run) is S.RUNNING
    beat(desk, beats, run, S.FINALIZING)
    beat(desk, beats, run, S.RUNNING)
    assert state_of(desk, run) is S.FINALIZING


def test_a_beat_that_changes_nothing_writes_nothing(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    start(desk, run)
    hints = len(desk.hints)
    assert beat(desk, Beats(lambda: 0.0), run, S.RUNNING) is False
    assert len(desk.hints) == hints


def test_a_beat_learns_of_a_cancellation(desk: Desk, workspace: Workspace):
    run = begun(desk, workspace)
    start(desk, run)
    desk.write(lambda s: s.runs.cancel(workspace.id, run.id, caller=ALICE))
    assert beat(desk, Beats(lambda: 0.0), run, S.RUNNING) is True
    assert state_of(desk, run) is S.CANCEL_REQUESTED


def test_silence_is_counted_from_the_last_beat_or_the_first_look():
    now = 10.0
    beats = Beats(lambda: now)
    assert beats.silence("w", "r", 1) == 0
    now = 15.0
    assert beats.silence("w", "r", 1) == 5
    beats.note("w", "r", 1)
    assert beats.silence("w", "r", 1) == 0
    beats.keep_only(set())
    assert beats.silence("w", "r", 1) == 0
    assert asyncio.iscoroutinefunction(take_beat)
