"""Starting: a runner was launched, and has not asked for leave to start yet."""

from dataclasses import dataclass
from enum import Enum

from zaffre.domain.runs import Run, RunError, RunState
from zaffre.engine.runs.parts import Parts, RunLimits
from zaffre.ports.launchers import RunnerOrder


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of a runner that is to start.

    Attributes:
        waited: For how many seconds this server has waited for it.
        alive: Whether it lives; None when the launch left no handle, since the server ended in
            the middle of it.
    """

    waited: float
    alive: bool | None


class Decision(Enum):
    """What to do about it."""

    WAIT = "wait"
    LAUNCH_AGAIN = "launch again"
    GIVE_UP = "give up"


def decide(run: Run, seen: Observation, limits: RunLimits) -> Decision:
    """Decide whether to wait for the runner or to launch another one."""
    if seen.alive is None:
        patience = limits.start_grace_seconds
    else:
        patience = limits.start_seconds if seen.alive else 0.0
    if seen.waited < patience:
        return Decision.WAIT
    if run.attempt >= limits.max_attempts:
        return Decision.GIVE_UP
    return Decision.LAUNCH_AGAIN


async def step(parts: Parts, run: Run) -> bool:
    """Look after the runner of a run that has not started."""
    handle = run.handle.get("launcher")
    seen = Observation(
        waited=parts.beats.silence(run.workspace_id, run.id, run.attempt),
        alive=None if handle is None else await parts.launcher.is_alive(handle),
    )
    decision = decide(run, seen, parts.limits)
    if decision is Decision.LAUNCH_AGAIN:
        await _launch_again(parts, run)
    elif decision is Decision.GIVE_UP:
        await parts.finish(run, RunState.FAILED, _NOT_STARTED)
        await parts.launcher.stop(run.workspace_id, run.id, handle or {"attempt": run.attempt})
    return decision is not Decision.WAIT


async def launch(parts: Parts, run: Run, secret: str) -> None:
    """Launch the runner of an attempt that was begun."""
    order = RunnerOrder(
        workspace_id=run.workspace_id,
        run_id=run.id,
        attempt=run.attempt,
        token=secret,
        server_url=parts.server_url,
        python=run.handle["python"],
        variables=run.handle["variables"],
    )
    try:
        handle = await parts.launcher.launch(order)
    except OSError as error:
        reason = RunError(code="RunnerNotLaunched", message=f"No runner can be launched: {error}")
        await parts.finish(run, RunState.FAILED, reason)
        return
    await parts.work.write(lambda s: s.attempts.launched(run, handle))


async def _launch_again(parts: Parts, run: Run) -> None:
    """Launch another runner, after the one before has lost its right to start.

    The order matters. First the new attempt is stored, so that the old runner is refused; then the
    old one is ended. Were it the other way round, a runner could start the user's process between
    the two and be killed with it.
    """
    python, variables = run.handle["python"], run.handle["variables"]
    begun, secret = await parts.work.write(
        lambda s: s.attempts.begin(run, python=python, variables=variables)
    )
    old = run.handle.get("launcher") or {"attempt": run.attempt}
    await parts.launcher.stop(run.workspace_id, run.id, old)
    await launch(parts, begun, secret)


_NOT_STARTED = RunError(
    code="RunnerNotStarted",
    message="The runner of this run was launched several times and never started the script. "
    "What it wrote is in `runner.log` in the run's folder of the server's home.",
)
