"""Builds environments ahead of the runs that will need them."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.environments import BuiltEnvironment, EnvironmentBuild
from zaffre.domain.errors import StorageFullError, UnavailableError, ZaffreError
from zaffre.engine.runs.progress import BuildLog
from zaffre.engine.wakeup import EngineWakeup, Watch
from zaffre.ports.builders import EnvironmentBuilder
from zaffre.ports.logs import LogStore
from zaffre.services.environment_builds import NOUN
from zaffre.services.work import Work

logger = logging.getLogger(__name__)
_AT_ONCE: Final = 2
_BROKEN: Final = "The server failed while it built the environment; `server.log` says why."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildParts:
    """Everything that a build may use.

    Attributes:
        pause_seconds: After so long what could not be read or written is tried again.
    """

    work: Work
    builder: EnvironmentBuilder
    logs: LogStore
    wakeup: EngineWakeup
    pause_seconds: float = 30.0


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
                    await watch.wait(self._parts.pause_seconds)
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
            while not await self._is_noted(build, built, error):  # noqa: ASYNC110 (no event tells)
                await asyncio.sleep(self._parts.pause_seconds)
        finally:
            del self._building[build.id]
            self._parts.logs.wake((build.workspace_id, build.id))
            watch.notice()

    async def _is_noted(
        self, build: EnvironmentBuild, built: BuiltEnvironment | None, error: str
    ) -> bool:
        """Note how a build ended; tell whether that went through."""
        try:
            await self._parts.work.write(
                lambda s: s.environment_builds.finish(build, built=built, error=error)
            )
        except (UnavailableError, StorageFullError) as busy:
            logger.warning("The end of the build %s was not noted: %s", build.id, busy.message)
            return False
        return True

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
