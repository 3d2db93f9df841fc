"""The engine of runs: looks at every run that has not ended, and lets each take its next step."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from zaffre.domain.errors import ConflictError, NotFoundError, UnavailableError
from zaffre.domain.runs import DRIVEN, Run, RunError, RunState
from zaffre.engine.runs import admission, driven, preparing, starting
from zaffre.engine.runs.parts import Parts
from zaffre.engine.wakeup import Watch
from zaffre.services.scheduling import Floor

logger = logging.getLogger(__name__)
_Step = Callable[[Parts, Run], Awaitable[bool]]
_Key = tuple[str, str]
_STEPS: Final[dict[RunState, _Step]] = {
    RunState.PREPARING: preparing.step,
    RunState.PROVISIONING: preparing.step,
    RunState.STARTING: starting.step,
    RunState.RUNNING: driven.step,
    RunState.FINALIZING: driven.step,
    RunState.NOT_RESPONDING: driven.step,
    RunState.CANCEL_REQUESTED: driven.step,
}
_PAST_QUEUE: Final = frozenset(_STEPS)
_MAX_FAILURES: Final = 3


class RunLoop:
    """Claims runs for one step each; what it claimed is one task, and no other task touches it.

    One process serves a home at a time, so that a claim needs no lock in the database; every
    change is guarded by the state and the attempt that the step saw all the same.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._claimed: dict[_Key, asyncio.Task[None]] = {}
        self._failures: dict[_Key, int] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            with self._parts.wakeup.watch("runs") as watch:
                while True:
                    try:
                        await self._tick(watch)
                    except UnavailableError as error:
                        # What is claimed goes on: a busy database must not end a build.
                        logger.warning("The runs could not be looked at: %s", error.message)
                    await watch.wait(self._parts.limits.tick_seconds)
        finally:
            tasks = list(self._claimed.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._claimed.clear()  # What was cancelled before its first turn took nothing out.

    async def _tick(self, watch: Watch) -> None:
        slots = self._parts.limits.local_slots
        floor = await self._parts.work.read(lambda s: s.scheduling.look(_PAST_QUEUE, slots=slots))
        if await self._start_waiting(floor):
            watch.notice()
        self._forget_others(floor.going)
        for run in floor.going:
            key = run.workspace_id, run.id
            if key not in self._claimed:
                self._claimed[key] = asyncio.create_task(self._step(key, run, watch))

    async def _start_waiting(self, floor: Floor) -> bool:
        """Admit those whose turn has come; tell whether anything was changed."""
        step = admission.decide(
            floor,
            slots=self._parts.limits.local_slots,
            max_nodes=self._parts.limits.max_nodes,
            now=self._parts.clock.now(),
        )
        if not step:
            return False
        try:
            await self._parts.work.write(lambda s: s.scheduling.apply(step))
        except (ConflictError, NotFoundError) as error:
            logger.info("What waits was changed meanwhile: %s", error.message)
        return True

    def _forget_others(self, runs: Sequence[Run]) -> None:
        watched = [run for run in runs if run.state in DRIVEN]
        keys = {(run.workspace_id, run.id) for run in runs}
        self._parts.beats.keep_only({(r.workspace_id, r.id, r.attempt) for r in watched})
        self._parts.cancels.keep_only(set(keys))
        for key in self._failures.keys() - keys:
            del self._failures[key]

    async def _step(self, key: _Key, run: Run, watch: Watch) -> None:
        changed = False
        try:
            changed = await _STEPS[run.state](self._parts, run)
            self._failures.pop(key, None)
        except (ConflictError, NotFoundError) as error:
            # Somebody else moved the run: a runner, or a person. Look at it anew.
            logger.info("A step of the run %s was overtaken: %s", run.id, error.message)
            changed = True
        except Exception:
            logger.exception("A step of the run %s failed.", run.id)
            await self._count_failure(key, run)
        finally:
            del self._claimed[key]
            if changed:
                watch.notice()

    async def _count_failure(self, key: _Key, run: Run) -> None:
        """Give up on a run whose step fails again and again, and let the others go on."""
        self._failures[key] = self._failures.get(key, 0) + 1
        if self._failures[key] < _MAX_FAILURES:
            return
        try:
            await self._parts.finish(run, RunState.FAILED, _BROKEN)
        except Exception:
            logger.exception("The run %s cannot be ended.", run.id)


_BROKEN = RunError(
    code="EngineFailed",
    message="The server failed several times to take this run further; `server.log` says why.",
)
