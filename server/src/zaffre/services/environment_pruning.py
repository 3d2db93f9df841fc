"""Which built environments may go: never one that something uses."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from zaffre.domain.computes import ComputeKind
from zaffre.domain.environments import EnvironmentSpec, Kept
from zaffre.domain.runs import TERMINAL, RunState
from zaffre.ports.builders import KeptEnvironments
from zaffre.ports.logs import LogStore
from zaffre.services.work import Services, Work

Locate = Callable[[EnvironmentSpec], Awaitable[str | None]]
"""Returns the interpreter, or the image, that a specification comes to; None when unknown."""

ABOUT_TO_START: Final = 60.0
"""Who was handed an environment is known as its user by then."""
_AT_LEAST_UNUSED: Final = 3600.0
"""What was used within the hour stays, however much all take."""


class Pruning(NamedTuple):
    """What is to go.

    Attributes:
        unused_seconds: Only what was not used for so long.
        keep_bytes: Of that, what was used last stays, up to so many bytes of all together.
    """

    unused_seconds: float = 0.0
    keep_bytes: int | None = None


class Limits(NamedTuple):
    """When environments go by themselves.

    Attributes:
        unused_seconds: What was not used for so long; 0 is without limit.
        keep_bytes: Those that were used longest ago, while all take more; 0 is without limit.
    """

    unused_seconds: float = 0.0
    keep_bytes: int = 0


class Need(NamedTuple):
    """What somebody will have made or found.

    Attributes:
        is_here: It is on this machine even where the specification has an image.
    """

    who: str
    spec: EnvironmentSpec
    is_here: bool = False


class Used(NamedTuple):
    """A built environment, and who uses it."""

    kept: Kept
    by: tuple[str, ...]


class EnvironmentPruner:
    """Lists and removes built environments of this machine.

    Args:
        work: Tells who uses them.
        kept: What lies there.
        logs: Of builds.
        locate: Tells what is needed by those who will ask for it.
        here: The same for those that never ask for an image: services and instances.
        instances: What instances have; people install more there, which no build brings back.
    """

    def __init__(
        self,
        work: Work,
        kept: KeptEnvironments,
        logs: LogStore,
        *,
        locate: Locate | None = None,
        here: Locate | None = None,
        instances: EnvironmentSpec | None = None,
    ) -> None:
        self._work = work
        self._kept = kept
        self._logs = logs
        self._locate = locate
        self._here = here or locate
        self._instances = instances

    async def everything(self) -> list[Used]:
        """Return all with who uses them, the one that was used last first."""
        kept = await self._kept.everything()
        # Runs go from the one to the other, and must be seen in either.
        needed = await self._needed() if kept else {}
        runs = await self._work.read(_runs_by_python)
        processes = await self._kept.used_by_processes()
        ways = (runs, needed, processes)
        return [
            Used(one, tuple(dict.fromkeys(who for way in ways for who in way.get(one.python, ()))))
            for one in kept
        ]

    async def tidy(self, limits: Limits, *, now: datetime) -> Sequence[Used]:
        """Remove what is over the limits, and return it."""
        removed: list[Used] = []
        if limits.unused_seconds:
            old = Pruning(unused_seconds=limits.unused_seconds)
            removed.extend(await self.prune(old, now=now, dry_run=False))
        if limits.keep_bytes:
            rest = Pruning(unused_seconds=_AT_LEAST_UNUSED, keep_bytes=limits.keep_bytes)
            removed.extend(await self.prune(rest, now=now, dry_run=False))
        return removed

    async def prune(self, pruning: Pruning, *, now: datetime, dry_run: bool) -> Sequence[Used]:
        """Remove what may go, and return it."""
        chosen = candidates(await self.everything(), pruning, now=now)
        if dry_run:
            return chosen
        gone = set(
            await self._kept.remove(
                [one.kept.key for one in chosen],
                unused_since=now - timedelta(seconds=ABOUT_TO_START),
            )
        )
        removed = [one for one in chosen if one.kept.key in gone]
        await self._forget({one.kept.python for one in removed})
        return removed

    async def _needed(self) -> Mapping[str, list[str]]:
        """Return who will ask for an environment, by its interpreter."""
        if self._locate is None or self._here is None:
            return {}
        found: dict[str, list[str]] = {}
        places: dict[tuple[str, bool], str | None] = {}
        needs = await self._work.read(lambda s: list(_needs(s, self._instances)))
        for who, spec, is_here in needs:
            # It holds what cannot be hashed; most ask for one of few, with variables of their own.
            asked = replace(spec, variables={})
            key = (repr(asked), is_here)
            if key not in places:
                places[key] = await (self._here if is_here else self._locate)(asked)
            place = places[key]
            if place is not None:
                found.setdefault(place, []).append(who)
        return found

    async def _forget(self, pythons: set[str]) -> None:
        """Forget the builds that made what is gone: a build that is there is of something."""
        if pythons:
            builds = await self._work.write(lambda s: s.environment_builds.forget(pythons))
            for build in builds:
                await self._logs.remove((build.workspace_id, build.id))


def candidates(used: Iterable[Used], pruning: Pruning, *, now: datetime) -> list[Used]:
    """Return what may go; `used` has what was used last first."""
    chosen, together = [], 0
    for one in used:
        together += one.kept.size
        age = (now - one.kept.used_at).total_seconds()
        is_old = age >= max(pruning.unused_seconds, ABOUT_TO_START)
        fits = pruning.keep_bytes is not None and together <= pruning.keep_bytes
        if is_old and not fits and not one.by:
            chosen.append(one)
    return chosen


def _runs_by_python(services: Services) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for run in services.stores.runs.in_states(frozenset(RunState) - TERMINAL):
        # Images are known by their own name: the interpreter is called the same in all of them.
        if python := run.handle.get("image") or run.handle.get("python"):
            found.setdefault(python, []).append(f"run {run.id}")
    return found


def _needs(services: Services, instances: EnvironmentSpec | None) -> Iterator[Need]:
    """Yield who will have an environment made or found, and what is in it."""
    stores = services.stores
    for run in stores.runs.in_states(frozenset(RunState) - TERMINAL):
        is_known = run.handle.get("image") or run.handle.get("python")
        if run.spec.environment is not None and not is_known:
            yield Need(f"run {run.id}", run.spec.environment)
    for endpoint in stores.endpoints.list(None):
        yield Need(f"endpoint {endpoint.name}", endpoint.spec.environment, is_here=True)
    if instances is None:
        return
    for workspace in stores.workspaces.list():
        for compute in stores.computes.list(workspace.id):
            if compute.kind is ComputeKind.INSTANCE:
                yield Need(f"instance {compute.name}", instances, is_here=True)
