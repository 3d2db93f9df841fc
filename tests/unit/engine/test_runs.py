"""What the engine decides about runs, without a clock and without a database."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from zaffre.domain.errors import UnavailableError
from zaffre.domain.runs import Run, RunKind, RunSpec, RunState
from zaffre.domain.scheduling import admit
from zaffre.engine.runs import driven, preparing, starting
from zaffre.engine.runs.parts import RunLimits, Stopwatches
from zaffre.engine.wakeup import EngineWakeup

S = RunState
LIMITS = RunLimits(
    probe_seconds=5, silence_seconds=30, start_grace_seconds=5, start_seconds=60, cancel_seconds=20
)
RUN = Run(
    id="r",
    workspace_id="w",
    experiment_id="e",
    experiment_name="exp",
    parent_id=None,
    number=1,
    spec=RunSpec(kind=RunKind.SCRIPT),
    state=S.RUNNING,
    display_name="r",
    attempt=1,
    handle={"python": "p", "variables": {}, "runner": "me", "launcher": {"pid": 1}},
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def in_state(state: RunState, name: str = "r") -> Run:
    return replace(RUN, state=state, id=name)


def test_the_oldest_runs_take_the_free_slots():
    waiting = [in_state(S.QUEUED, name) for name in "abc"]
    busy = [in_state(S.PREPARING, "x"), in_state(S.CANCEL_REQUESTED, "y")]
    assert [run.id for run in admit(waiting, busy, slots=4)] == ["a", "b"]
    assert admit(waiting, busy, slots=1) == []


@pytest.mark.parametrize(
    ("waited", "alive", "attempt", "decision"),
    [
        (1, None, 1, starting.Decision.WAIT),
        (6, None, 1, starting.Decision.LAUNCH_AGAIN),
        (6, True, 1, starting.Decision.WAIT),
        (61, True, 1, starting.Decision.LAUNCH_AGAIN),
        (0, False, 1, starting.Decision.LAUNCH_AGAIN),
        (0, False, 3, starting.Decision.GIVE_UP),
    ],
)
def test_a_runner_that_does_not_start_is_launched_again(waited, alive, attempt, decision):
    run = replace(in_state(S.STARTING), attempt=attempt)
    seen = starting.Observation(waited=waited, alive=alive)
    assert starting.decide(run, seen, LIMITS) is decision


@pytest.mark.parametrize(
    ("state", "silence", "alive", "decision"),
    [
        (S.RUNNING, 1, None, driven.Decision.WAIT),
        (S.RUNNING, 31, True, driven.Decision.DOUBT),
        (S.NOT_RESPONDING, 600, True, driven.Decision.WAIT),
        (S.RUNNING, 6, False, driven.Decision.LOSE),
        (S.NOT_RESPONDING, 31, False, driven.Decision.LOSE),
        (S.FINALIZING, 31, None, driven.Decision.LOSE),
    ],
)
def test_r09_r11_silence_is_doubt_and_death_is_loss(state, silence, alive, decision):
    seen = driven.Observation(silence=silence, alive=alive)
    assert driven.decide(in_state(state), seen, LIMITS) is decision


@pytest.mark.parametrize(
    ("canceling", "alive", "decision"),
    [
        (1, True, driven.Decision.WAIT),
        (21, True, driven.Decision.CANCEL),
        (1, False, driven.Decision.CANCEL),
    ],
)
def test_r10_a_canceled_run_is_ended_by_its_runner_or_for_it(canceling, alive, decision):
    seen = driven.Observation(silence=0, alive=alive, canceling=canceling)
    assert driven.decide(in_state(S.CANCEL_REQUESTED), seen, LIMITS) is decision


def test_r10_a_canceled_run_that_never_started_ends_at_once():
    run = replace(in_state(S.CANCEL_REQUESTED), handle={}, attempt=0)
    decision = driven.decide(run, driven.Observation(silence=0), LIMITS)
    assert decision is driven.Decision.CANCEL_UNSTARTED


def test_a_failed_build_says_what_and_what_to_do():
    error = UnavailableError("EnvironmentBuildFailed", "No package `nope`.", hint="Remove it.")
    run = in_state(S.PREPARING)
    run = replace(run, spec=replace(run.spec, environment_name="sklearn-env"))
    said = preparing.build_error(run, error, "last line")
    assert said.code == "EnvironmentBuildFailed"
    assert "`sklearn-env` could not be prepared: No package `nope`." in said.message
    assert said.message.endswith("Remove it.")
    assert said.details == "last line"


def test_stopwatches_count_from_the_first_look():
    now = 5.0
    watches = Stopwatches(lambda: now)
    assert watches.seconds("a") == 0
    now = 8.0
    assert watches.seconds("a") == 3
    watches.keep_only(set())
    assert watches.seconds("a") == 0


async def _hint_between_waits() -> list[bool]:
    wakeup = EngineWakeup(asyncio.get_running_loop())
    with wakeup.watch("runs") as watch:
        await asyncio.to_thread(wakeup.hint, "runs")
        await asyncio.to_thread(wakeup.hint, "endpoints")
        first = await watch.wait(5)
        return [first, await watch.wait(0.01)]


def test_a_hint_from_a_thread_is_kept_until_the_next_wait():
    assert asyncio.run(_hint_between_waits()) == [True, False]


async def _cancel_beside_a_hint(turns: int) -> bool:
    wakeup = EngineWakeup(asyncio.get_running_loop())
    with wakeup.watch("runs") as watch:

        async def look_for_ever() -> None:
            while True:
                await watch.wait(30)

        looking = asyncio.create_task(look_for_ever())
        await asyncio.sleep(0)
        watch.notice()
        for _ in range(turns):
            await asyncio.sleep(0)
        looking.cancel()
        await asyncio.wait([looking], timeout=5)
        return looking.cancelled()


@pytest.mark.parametrize("turns", range(5))
def test_a_loop_that_is_hinted_at_while_it_is_cancelled_ends(turns):
    assert asyncio.run(_cancel_beside_a_hint(turns))
