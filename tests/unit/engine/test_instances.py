"""What is done about an instance."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from zaffre.domain.computes import Compute, ComputeKind, ComputeState, Power
from zaffre.engine.computes.decision import MAX_DEATHS, Seen, Step, decide, may_sleep

NOW = datetime(2026, 1, 1, tzinfo=UTC)
INSTANCE = Compute(
    workspace_id="w",
    name="ci",
    kind=ComputeKind.INSTANCE,
    power=Power.RUNNING,
    created_at=NOW,
    updated_at=NOW,
)
GONE = Seen(is_running=False)
THERE = Seen(is_running=True, is_reachable=True)
UNKNOWN = Seen(is_running=True)


@pytest.mark.parametrize(
    ("power", "seen", "step"),
    [
        (Power.STARTING, GONE, Step.START),
        (Power.STARTING, UNKNOWN, Step.ADOPT),
        (Power.RUNNING, THERE, Step.NOTHING),
        # The server began anew, or has another address.
        (Power.RUNNING, UNKNOWN, Step.ADOPT),
        (Power.RUNNING, GONE, Step.START),
        (Power.RESTARTING, THERE, Step.RESTART),
        (Power.RESTARTING, GONE, Step.RESTART),
        (Power.STOPPING, THERE, Step.STOP),
        (Power.STOPPING, GONE, Step.STOP),
        (Power.STOPPED, GONE, Step.NOTHING),
        (Power.STOPPED, THERE, Step.STOP),
        (Power.SETUP_FAILED, GONE, Step.NOTHING),
        (Power.SETUP_FAILED, UNKNOWN, Step.STOP),
    ],
)
def test_what_is_wanted_and_seen_says_what_to_do(power: Power, seen: Seen, step: Step):
    assert decide(replace(INSTANCE, power=power), seen) is step


@pytest.mark.parametrize("power", list(Power))
def test_what_is_to_be_deleted_is_removed_whatever_it_does(power: Power):
    doomed = replace(INSTANCE, power=power, state=ComputeState.DELETING)
    assert decide(doomed, THERE) is Step.REMOVE


def test_one_that_ends_again_and_again_is_given_up():
    assert decide(INSTANCE, replace(GONE, deaths=MAX_DEATHS - 1)) is Step.START
    assert decide(INSTANCE, replace(GONE, deaths=MAX_DEATHS)) is Step.GIVE_UP


@pytest.mark.parametrize("given", [None, 0, -1, "60", True])
def test_without_a_time_nothing_is_stopped_for_being_idle(given: object):
    instance = replace(INSTANCE, settings={"idle_seconds": given} if given is not None else {})
    assert decide(instance, replace(THERE, idle_seconds=1e6)) is Step.NOTHING


def test_one_that_nobody_uses_is_stopped():
    instance = replace(INSTANCE, settings={"idle_seconds": 60})
    assert may_sleep(instance)
    assert not may_sleep(INSTANCE)
    assert not may_sleep(replace(instance, power=Power.STOPPED))
    assert decide(instance, replace(THERE, idle_seconds=59)) is Step.NOTHING
    assert decide(instance, replace(THERE, idle_seconds=61)) is Step.SLEEP
