"""What is to be done about an instance, from what is wanted and what is seen."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from zaffre.domain.computes import Compute, ComputeState, Power

IDLE_SETTING: Final = "idle_seconds"
MAX_DEATHS: Final = 3


class Step(Enum):
    """One thing to do."""

    NOTHING = auto()
    START = auto()
    """Also after it ended by itself."""
    ADOPT = auto()
    """It runs already."""
    RESTART = auto()
    STOP = auto()
    SLEEP = auto()
    """Stop it, since nobody uses it."""
    GIVE_UP = auto()
    """It ends by itself again and again."""
    REMOVE = auto()


_ASKED: Final = {Power.RESTARTING: Step.RESTART, Power.STOPPING: Step.STOP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to see of an instance.

    Attributes:
        is_running: Its process lives.
        is_reachable: It is known where, and under which addresses people find it.
        idle_seconds: For how long nobody used it.
        deaths: How often it ended by itself of late.
    """

    is_running: bool
    is_reachable: bool = False
    idle_seconds: float = 0.0
    deaths: int = 0


def decide(compute: Compute, seen: Seen) -> Step:
    """Return what to do next."""
    if compute.state is ComputeState.DELETING:
        return Step.REMOVE
    if compute.power is Power.RUNNING:
        return _while_running(compute, seen)
    if compute.power is Power.STARTING:
        return Step.ADOPT if seen.is_running else Step.START
    # In a state of rest whatever runs is a left-over: nobody knows of it, and it holds memory.
    at_rest = Step.STOP if seen.is_running else Step.NOTHING
    return _ASKED.get(compute.power, at_rest)


def may_sleep(compute: Compute) -> bool:
    """Tell whether it matters for how long nobody used it."""
    return compute.power is Power.RUNNING and _idle_allowed(compute) > 0


def _while_running(compute: Compute, seen: Seen) -> Step:
    if not seen.is_running:
        return Step.GIVE_UP if seen.deaths >= MAX_DEATHS else Step.START
    if not seen.is_reachable:
        return Step.ADOPT
    allowed = _idle_allowed(compute)
    return Step.SLEEP if allowed and seen.idle_seconds > allowed else Step.NOTHING


def _idle_allowed(compute: Compute) -> float:
    """Return after how many seconds without use it is stopped; 0 is never."""
    given = compute.settings.get(IDLE_SETTING)
    if isinstance(given, bool) or not isinstance(given, int | float):
        return 0
    return max(given, 0)
