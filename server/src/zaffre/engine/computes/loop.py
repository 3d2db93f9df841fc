"""Looks after instances: claims each, sees how it is, decides, and notes what came of it."""

import asyncio
import logging
from collections import defaultdict
from dataclasses import replace
from typing import Final

from zaffre.domain.computes import Compute, ComputeError, ComputeKind, ComputeState, Power
from zaffre.domain.errors import ConflictError, NotFoundError, UnavailableError, ZaffreError
from zaffre.engine.computes.decision import MAX_DEATHS, Seen, Step, decide, may_sleep
from zaffre.engine.computes.parts import InstanceParts
from zaffre.engine.computes.starting import start
from zaffre.engine.wakeup import EngineWakeup, Watch
from zaffre.ports.instances import Key, RunningInstance
from zaffre.services.instances import base_url

logger = logging.getLogger(__name__)
_DEATHS_SECONDS: Final = 600.0
_BROKEN: Final = "The server failed to start the instance; `server.log` says why."


class InstanceLoop:
    """Looks at the instances of every workspace; at each by a task of its own."""

    def __init__(self, parts: InstanceParts, wakeup: EngineWakeup) -> None:
        self._parts = parts
        self._wakeup = wakeup
        self._working: dict[Key, asyncio.Task[None]] = {}
        self._deaths: dict[Key, list[float]] = defaultdict(list)

    async def run(self) -> None:
        """Work until cancelled; instances go on, and the next server finds them."""
        try:
            with self._wakeup.watch("computes") as watch:
                while True:
                    try:
                        await self._tick(watch)
                    except UnavailableError as error:
                        logger.warning("Instances could not be looked at: %s", error.message)
                    await watch.wait(self._parts.poll)
        finally:
            tasks = list(self._working.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._working.clear()

    async def _tick(self, watch: Watch) -> None:
        found = await self._parts.work.read(lambda s: s.stores.computes.executing())
        wanted = {
            (one.workspace_id, one.name): one for one in found if one.kind is ComputeKind.INSTANCE
        }
        self._parts.table.keep_only(wanted.keys())
        for key, compute in wanted.items():
            if key not in self._working:
                self._working[key] = asyncio.create_task(self._look(key, compute, watch))
        # One that is being started may belong to a target that is gone by now: next time.
        if not self._working.keys() - wanted.keys():
            await self._parts.instances.keep_only(wanted.keys())

    async def _look(self, key: Key, compute: Compute, watch: Watch) -> None:
        try:
            running = await self._parts.instances.find(key)
            step = decide(compute, await self._seen(key, compute, running))
            if step is not Step.NOTHING:
                await self._take(step, compute, running)
                watch.notice()
        except (ConflictError, NotFoundError):
            watch.notice()  # It was changed or deleted meanwhile: look at it anew.
        except ZaffreError as error:
            logger.warning("The instance %s could not be kept: %s", compute.name, error.message)
        except Exception:
            logger.exception("The instance %s could not be kept.", compute.name)
        finally:
            del self._working[key]

    async def _seen(self, key: Key, compute: Compute, running: RunningInstance | None) -> Seen:
        if running is None:
            self._parts.table.remove(key)
            return Seen(is_running=False, deaths=self._died(key, compute))
        live = self._parts.table.find(key)
        return Seen(
            is_running=True,
            is_reachable=live is not None
            and live.running == running
            and compute.urls == self._urls(key),
            idle_seconds=await self._idle_seconds(key, running) if may_sleep(compute) else 0.0,
        )

    def _died(self, key: Key, compute: Compute) -> int:
        """Count how often an instance that is to run ended by itself of late, now included."""
        if compute.power is not Power.RUNNING:
            self._deaths.pop(key, None)
            return 0
        now = self._parts.clock.monotonic()
        kept = [at for at in self._deaths[key] if now - at < _DEATHS_SECONDS]
        self._deaths[key] = [*kept, now]
        return len(kept) + 1

    async def _idle_seconds(self, key: Key, running: RunningInstance) -> float:
        live = self._parts.table.find(key)
        if live is None or live.open:
            return 0.0
        through_the_door = self._parts.clock.monotonic() - live.last
        activity = await self._parts.instances.activity(running, base_url(key))
        if activity is None or activity.is_busy:
            return 0.0
        inside = (self._parts.clock.now() - activity.last).total_seconds()
        return min(through_the_door, inside)

    async def _take(self, step: Step, compute: Compute, running: RunningInstance | None) -> None:
        key = compute.workspace_id, compute.name
        match step:
            case Step.ADOPT if running is not None:
                await self._note(compute, self._up(key, compute, running))
            case Step.START | Step.RESTART:
                await self._start(key, compute)
            case Step.STOP | Step.SLEEP:
                await self._stop(key, compute)
            case Step.GIVE_UP:
                self._deaths.pop(key, None)
                error = ComputeError(
                    code="InstanceEnded",
                    message=f"Jupyter ended by itself {MAX_DEATHS} times one after the other.",
                )
                await self._note(compute, _failed(compute, error))
            case Step.REMOVE:
                self._deaths.pop(key, None)
                self._parts.table.remove(key)
                await self._parts.instances.remove(key)
                await self._parts.work.write(lambda s: s.computes.forget(compute))

    async def _start(self, key: Key, compute: Compute) -> None:
        if compute.power is Power.RESTARTING:
            self._parts.table.remove(key)
        workspace = await self._parts.work.read(
            lambda s: s.stores.workspaces.get(compute.workspace_id)
        )
        try:
            running = await start(self._parts, compute, workspace)
        except ZaffreError as error:
            message = f"{error.message} {error.hint or ''}".strip()
            found = ComputeError(code=error.code, message=message)
            await self._note(compute, _failed(compute, found))
        except Exception:
            logger.exception("The instance %s was not started.", compute.name)
            found = ComputeError(code="InstanceStartFailed", message=_BROKEN)
            await self._note(compute, _failed(compute, found))
        else:
            await self._note(compute, self._up(key, compute, running))

    async def _stop(self, key: Key, compute: Compute) -> None:
        self._parts.table.remove(key)
        if compute.power is Power.RUNNING:
            # Whoever asked to keep it meanwhile is heard before it is ended.
            stopping = replace(compute, power=Power.STOPPING)
            await self._note(compute, stopping)
            compute = stopping
        await self._parts.instances.stop(key)
        if compute.power is Power.STOPPING:
            await self._note(compute, replace(compute, power=Power.STOPPED, urls={}))

    def _up(self, key: Key, compute: Compute, running: RunningInstance) -> Compute:
        self._parts.table.put(key, running, now=self._parts.clock.monotonic())
        return replace(
            compute,
            state=ComputeState.SUCCEEDED,
            power=Power.RUNNING,
            errors=(),
            urls=self._urls(key),
        )

    def _urls(self, key: Key) -> dict[str, str]:
        address = f"{self._parts.url}{base_url(key)}"
        return {"JupyterLab": f"{address}lab", "Jupyter": f"{address}tree"}

    async def _note(self, seen: Compute, compute: Compute) -> None:
        if seen != compute:
            await self._parts.work.write(lambda s: s.computes.save(seen, compute))


def _failed(compute: Compute, error: ComputeError) -> Compute:
    return replace(
        compute,
        state=ComputeState.FAILED,
        power=Power.SETUP_FAILED,
        errors=(error,),
        urls={},
    )
