"""Starting to Finalizing: a runner drives the run; here it is watched.

CancelRequested and NotResponding are watched here, too.
"""

from dataclasses import dataclass
from enum import Enum

from zaffre.domain.runs import Run, RunError, RunState
from zaffre.engine.runs.parts import Parts, RunLimits
from zaffre.engine.runs.starting import give_up_nodes, stop
from zaffre.ports.launchers import Account


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of a runner.

    Attributes:
        silence: For how many seconds it has not been heard of.
        alive: Whether it lives; None when nobody asked, or nobody can tell.
        canceling: For how many seconds it has been asked to end.
    """

    silence: float
    alive: bool | None = None
    canceling: float = 0.0


class Decision(Enum):
    """What to do about it."""

    WAIT = "wait"
    DOUBT = "doubt"
    LOSE = "lose"
    CANCEL_UNSTARTED = "cancel unstarted"
    CANCEL = "cancel"


def decide(run: Run, seen: Observation, limits: RunLimits) -> Decision:
    """Decide what the silence, or the slowness, of a runner means."""
    if run.state is RunState.CANCEL_REQUESTED:
        return _decide_cancel(run, seen, limits)
    overdue = seen.silence > limits.silence_seconds
    if seen.alive is False or (overdue and seen.alive is None):
        return Decision.LOSE
    if overdue and run.state is not RunState.NOT_RESPONDING:
        return Decision.DOUBT
    return Decision.WAIT


def _decide_cancel(run: Run, seen: Observation, limits: RunLimits) -> Decision:
    if "runner" not in run.handle:
        return Decision.CANCEL_UNSTARTED
    over = seen.canceling > limits.cancel_seconds
    return Decision.CANCEL if over or seen.alive is False else Decision.WAIT


async def step(parts: Parts, run: Run) -> bool:
    """Look after the runner of a run that has started."""
    if run.is_preempted:
        await give_up_nodes(parts, run)
        return True
    decision = decide(run, await _observe(parts, run), parts.limits)
    if decision is Decision.DOUBT:
        await parts.work.write(lambda s: s.attempts.move(run, state=RunState.NOT_RESPONDING))
    elif decision is Decision.LOSE:
        # Everything is ended before the run is, so that a run that has ended has no processes.
        reason = await _lost(parts, run)
        await stop(parts, run)
        await parts.finish(run, RunState.FAILED, reason)
    elif decision is Decision.CANCEL:
        await stop(parts, run)
        await parts.finish(run, RunState.CANCELED)
    elif decision is Decision.CANCEL_UNSTARTED:
        # The other way round: once the run has ended, its runner is refused to start anything.
        await parts.finish(run, RunState.CANCELED)
        await stop(parts, run)
    return decision is not Decision.WAIT


async def _observe(parts: Parts, run: Run) -> Observation:
    silence = parts.beats.silence(run.workspace_id, run.id, run.attempt)
    canceling = run.state is RunState.CANCEL_REQUESTED
    handle = run.handle.get("launcher")
    alive = None
    if handle is not None and (canceling or silence > parts.limits.probe_seconds):
        alive = await parts.launcher.is_alive(handle)
    return Observation(
        silence=silence,
        alive=alive,
        canceling=parts.cancels.seconds((run.workspace_id, run.id)) if canceling else 0.0,
    )


async def _lost(parts: Parts, run: Run) -> RunError:
    """Say why a runner is gone, in the words of its place where that has some."""
    handle = run.handle.get("launcher")
    account = Account() if handle is None else await parts.launcher.account(handle)
    if not account.ending:
        return _LOST
    if account.code:
        return RunError(code=account.code, message=account.ending)
    return RunError(code=_LOST.code, message=f"{account.ending} Submit the run again.")


_LOST = RunError(
    code="SupervisorLost",
    message="The process that supervised this run ended without a word: it was killed, the "
    "machine ran out of memory, or it was restarted. What was left of the run was ended. "
    "Submit the run again.",
)
