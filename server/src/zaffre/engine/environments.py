"""Builds environments ahead of the runs that will need them."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.environments import BuiltEnvironment, EnvironmentBuild
from zaffre.domain.errors import UnavailableError, ZaffreError
from zaffre.engine.runs.progress import BuildLog
from zaffre.engine.wakeup import EngineWakeup, Watch
from zaffre.ports.builders import EnvironmentBuilder
from zaffre.ports.logs import LogStore
from zaffre.services.environment_builds import NOUN
from zaffre.services.work import Work

logger = logging.getLogger(__name__)
_AT_ONCE: Final = 2
_PAUSE_SECONDS: Final = 30.0
_BROKEN: Final = "The server failed while it built the environment; `server.log` says why."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildParts:
    """Everything that a build may use."""

    work: Work
    builder: EnvironmentBuilder
    logs: LogStore
    wakeup: EngineWakeup


class EnvironmentLoop:
    """Takes builds in order, a few at once; one that a restart cut off begins anew."""

    def __init__(self, parts: BuildParts) -> None:
        self._parts = parts
        self._building: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            with self._parts.wakeup.watch(NOUN) as watch:
                while True:
                    try:
                        await self._begin(watch)
                    except UnavailableError as error:
                        logger.warning("Builds could not be looked at: %s", error.message)
                    await watch.wait(_PAUSE_SECONDS)
        finally:
            tasks = list(self._building.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._building.clear()

    async def _begin(self, watch: Watch) -> None:
        waiting = await self._parts.work.read(lambda s: s.environment_builds.open())
        for build in waiting:
            if build.id not in self._building and len(self._building) < _AT_ONCE:
                self._building[build.id] = asyncio.create_task(self._build(build, watch))

    async def _build(self, build: EnvironmentBuild, watch: Watch) -> None:
        built, error = None, ""
        try:
            built = await self._built(build)
        except ZaffreError as failure:
            error = f"{failure.message} {failure.hint or ''}".strip()
        except Exception:
            logger.exception("The build %s failed.", build.id)
            error = _BROKEN
        try:
            await self._parts.work.write(
                lambda s: s.environment_builds.finish(build, built=built, error=error)
            )
        except UnavailableError as busy:
            # It is still open and begins anew, which is quick when there is something to find.
            logger.warning("The end of the build %s was not noted: %s", build.id, busy.message)
        finally:
            del self._building[build.id]
            self._parts.logs.wake((build.workspace_id, build.id))
            watch.notice()

    async def _built(self, build: EnvironmentBuild) -> BuiltEnvironment:
        spec = await self._parts.work.write(lambda s: s.environment_builds.begin(build))
        if spec.image is not None and spec.image.password_secret:
            asked = spec
            spec = await self._parts.work.read(
                lambda s: s.secrets.with_password(build.workspace_id, asked)
            )
        log = BuildLog(self._parts.logs, (build.workspace_id, build.id))
        async with log:
            log.write(f"Building the environment {shown(build.name)}, version {build.version}.")
            try:
                return await self._parts.builder.build(spec, log.write)
            except ZaffreError as failure:
                log.write(failure.message)
                log.write(failure.hint or "")
                raise
