"""Starting: a runner was launched, and has not asked for leave to start yet."""

import logging
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from zaffre.domain.computes import ComputeKind
from zaffre.domain.errors import NotFoundError, PreconditionError
from zaffre.domain.runs import Run, RunError, RunState
from zaffre.engine.runs.parts import Parts, RunLimits, owner_of
from zaffre.engine.runs.progress import BuildLog, unless_moved
from zaffre.ports.launchers import Account, OutOfReachError, RunnerOrder

logger = logging.getLogger(__name__)

_PLACE = ("kind", "compute")
"""What a launcher needs to look for a runner of which it left no handle."""
_TELLING: Final = frozenset({ComputeKind.MACHINE, ComputeKind.DATABRICKS})
"""The kinds of places where launching takes its time and is told."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of a runner that is to start.

    Attributes:
        waited: For how many seconds this server has waited for it.
        alive: Whether it lives; None when the launch left no handle, since the server ended in
            the middle of it, or nobody can tell.
        waits: Whether its place has no room for it yet.
    """

    waited: float
    alive: bool | None
    waits: bool = False


class Decision(Enum):
    """What to do about it."""

    WAIT = "wait"
    LAUNCH_AGAIN = "launch again"
    GIVE_UP = "give up"


def decide(run: Run, seen: Observation, limits: RunLimits) -> Decision:
    """Decide whether to wait for the runner or to launch another one."""
    if seen.alive and seen.waits:
        return Decision.WAIT
    if seen.alive is None:
        patience = limits.start_grace_seconds
    else:
        patience = limits.start_seconds if seen.alive else 0.0
    if seen.waited < patience:
        return Decision.WAIT
    if run.attempts >= limits.max_attempts:
        return Decision.GIVE_UP
    return Decision.LAUNCH_AGAIN


async def step(parts: Parts, run: Run) -> bool:
    """Look after the runner of a run that has not started."""
    if run.is_preempted:
        await give_up_nodes(parts, run)
        return True
    handle = run.handle.get("launcher")
    waited = parts.beats.silence(run.workspace_id, run.id, run.attempt)
    alive = None if handle is None else await parts.launcher.is_alive(handle)
    account = Account()
    patience = min(parts.limits.probe_seconds, parts.limits.start_seconds)
    if handle is not None and (not alive or waited >= patience):
        account = await parts.launcher.account(handle)
    if account.code:
        # Another one would end in the same way.
        reason = RunError(code=account.code, message=account.ending)
        await parts.finish(run, RunState.FAILED, reason)
        await stop(parts, run)
        return True
    if account.reason != run.handle.get("waits", ""):
        await parts.work.write(lambda s: s.attempts.waits(run, account.reason))
    seen = Observation(waited=waited, alive=alive, waits=account.waits)
    decision = decide(run, seen, parts.limits)
    if decision is Decision.LAUNCH_AGAIN:
        await _launch_again(parts, run)
    elif decision is Decision.GIVE_UP:
        await parts.finish(run, RunState.FAILED, replace(_NOT_STARTED, details=account.ending))
        await stop(parts, run)
    return decision is not Decision.WAIT


async def launch(parts: Parts, run: Run, secret: str) -> None:
    """Launch the runner of an attempt that was begun."""
    try:
        handle = await _launched(parts, run, await _order(parts, run, secret))
    except (OSError, PreconditionError, NotFoundError) as error:
        reason = RunError(code="RunnerNotLaunched", message=f"No runner can be launched: {error}")
        await parts.finish(run, RunState.FAILED, reason)
        return
    except OutOfReachError as error:
        logger.info("The run %s waits again: %s", run.id, error)
        await parts.work.write(lambda s: s.attempts.requeue(run))
        return
    if handle is not None:
        await parts.work.write(lambda s: s.attempts.launched(run, handle))


async def _order(parts: Parts, run: Run, secret: str) -> RunnerOrder:
    place = await parts.work.read(lambda s: s.scheduling.place_of(run))
    if place.kind is ComputeKind.KUBERNETES and place.environment is not None:
        # A cluster fetches the image itself.
        spec = place.environment
        opened = await parts.work.read(lambda s: s.secrets.with_password(run.workspace_id, spec))
        place = replace(place, environment=opened)
    return RunnerOrder(
        workspace_id=run.workspace_id,
        run_id=run.id,
        attempt=run.attempt,
        token=secret,
        server_url=parts.server_url,
        python=run.handle["python"],
        variables=run.handle["variables"],
        image=run.handle.get("image"),
        place=place,
    )


async def _launched(parts: Parts, run: Run, order: RunnerOrder) -> dict[str, Any] | None:
    """Launch, or give that up when the run is canceled meanwhile.

    On a machine the environment is made once more first, and what is out of reach is waited for:
    that takes its time and is told.
    """
    if order.place.kind not in _TELLING:
        return await parts.launcher.launch(order)

    async def wait(reason: str) -> None:
        await parts.work.write(lambda s: s.attempts.delayed(run, reason))

    async with BuildLog(parts.logs, owner_of(run)) as log:
        order = replace(order, say=log.write, wait=wait)
        return await unless_moved(parts, run, parts.launcher.launch(order))


async def _launch_again(parts: Parts, run: Run) -> None:
    """Launch another runner, after the one before has lost its right to start.

    The order matters. First the new attempt is stored, so that the old runner is refused; then the
    old one is ended. Were it the other way round, a runner could start the user's process between
    the two and be killed with it.
    """
    begun, secret = await parts.work.write(lambda s: s.attempts.begin_again(run))
    await stop(parts, run)
    await launch(parts, begun, secret)


async def stop(parts: Parts, run: Run) -> None:
    """End the runner of an attempt, if it lives, and whatever the run left behind."""
    if run.attempt:
        place = run.handle.get("place", {})
        unknown = {"attempt": run.attempt, **{key: place[key] for key in _PLACE if key in place}}
        handle = run.handle.get("launcher") or unknown
        await parts.launcher.stop(run.workspace_id, run.id, handle)


async def give_up_nodes(parts: Parts, run: Run) -> None:
    """End a run where its nodes are taken away, and let it wait for others.

    It is ended first: a run that waits has no processes.
    """
    await stop(parts, run)
    await parts.work.write(lambda s: s.attempts.requeue(run))


_NOT_STARTED = RunError(
    code="RunnerNotStarted",
    message="The runner of this run was launched several times and never started the script. "
    "What it wrote is in `runner.log` in the run's folder of the server's home.",
)
