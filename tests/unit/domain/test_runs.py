from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zaffre.domain.errors import ConflictError
from zaffre.domain.runs import (
    DRIVEN,
    RUN_TRANSITIONS,
    TERMINAL,
    Run,
    RunError,
    RunKind,
    RunSpec,
    RunState,
)

TIME = datetime(2024, 1, 1, tzinfo=UTC)
ERROR = RunError(code="UserScriptFailed", message="exit code 1")


def run(state: RunState = RunState.RUNNING, **fields) -> Run:
    whole = Run(
        id="r",
        workspace_id="w",
        experiment_id="e",
        experiment_name="e",
        parent_id=None,
        number=1,
        spec=RunSpec(kind=RunKind.SCRIPT),
        state=state,
        display_name="r",
        attempt=2,
        created_at=TIME,
    )
    return replace(whole, **fields)


@pytest.mark.parametrize("state", RunState)
def test_every_state_says_what_may_follow(state: RunState):
    assert RUN_TRANSITIONS[state] <= frozenset(RunState)
    assert state not in RUN_TRANSITIONS[state]
    assert run(state).is_terminal is (not RUN_TRANSITIONS[state])


@pytest.mark.parametrize("state", sorted(set(RunState) - TERMINAL))
def test_every_live_state_can_end_and_be_cancelled(state: RunState):
    assert RUN_TRANSITIONS[state] >= TERMINAL
    cancel = {RunState.CANCEL_REQUESTED} - {state}
    assert RUN_TRANSITIONS[state] >= cancel


def test_every_state_can_be_reached():
    reached = {RunState.NOT_STARTED}
    for _ in RunState:
        reached |= {after for state in reached for after in RUN_TRANSITIONS[state]}
    assert reached == set(RunState)


def test_driven_states_are_not_terminal():
    assert not DRIVEN & TERMINAL


@given(st.sampled_from(RunState), st.lists(st.sampled_from(RunState), max_size=20))
def test_terminal_states_absorb(first: RunState, asked: list[RunState]):
    now = run(first)
    for seconds, state in enumerate(asked):
        at = TIME + timedelta(seconds=seconds)
        if state not in RUN_TRANSITIONS[now.state] | {now.state}:
            with pytest.raises(ConflictError) as caught:
                now.move(state, at=at)
            expected = "RunIsTerminal" if now.is_terminal else "InvalidTransition"
            assert (caught.value.code, caught.value.target) == (expected, "state")
            continue
        after = now.move(state, at=at)
        if state is now.state:
            assert after is now
        else:
            assert not now.is_terminal
            assert after.ended_at == (at if after.is_terminal else None)
        assert after.started_at in {now.started_at, at}
        now = after


def test_remembers_the_first_start_only():
    later = TIME + timedelta(seconds=5)
    started = run(RunState.STARTING).move(RunState.RUNNING, at=TIME)
    lost = started.move(RunState.NOT_RESPONDING, at=later)

    assert lost.move(RunState.RUNNING, at=later).started_at == TIME


def test_keeps_an_error_that_was_there_before():
    failed = run(error=ERROR).move(RunState.FAILED, at=TIME)
    other = RunError(code="Other", message="m")

    assert failed.error == ERROR
    assert run(error=ERROR).move(RunState.FAILED, at=TIME, error=other).error == other


@pytest.mark.parametrize("attempt", [0, 1, 3])
def test_refuses_another_attempt(attempt: int):
    with pytest.raises(ConflictError) as caught:
        run().check_attempt(attempt)
    assert caught.value.code == "StaleAttempt"


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_refuses_what_comes_after_the_end(state: RunState):
    for check, code in (
        (lambda: run(state).check_attempt(2), "StaleAttempt"),
        (run(state).check_open, "RunIsTerminal"),
    ):
        with pytest.raises(ConflictError) as caught:
            check()
        assert caught.value.code == code


@pytest.mark.parametrize("state", sorted(set(RunState) - TERMINAL))
def test_accepts_the_present_attempt_while_open(state: RunState):
    run(state).check_attempt(2)
    run(state).check_open()
