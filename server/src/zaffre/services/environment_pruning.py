"""Which built environments may go: never one that something uses."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from zaffre.domain.environments import Kept
from zaffre.domain.runs import TERMINAL, RunState
from zaffre.ports.builders import KeptEnvironments
from zaffre.ports.logs import LogStore
from zaffre.services.work import Services, Work

ABOUT_TO_START: Final = 60.0
"""Who was handed an environment is known as its user by then."""


class Pruning(NamedTuple):
    """What is to go.

    Attributes:
        unused_seconds: Only what was not used for so long.
        keep_bytes: Of that, what was used last stays, up to so many bytes of all together.
    """

    unused_seconds: float = 0.0
    keep_bytes: int | None = None


class Used(NamedTuple):
    """A built environment, and who uses it."""

    kept: Kept
    by: tuple[str, ...]


class EnvironmentPruner:
    """Lists and removes built environments of this machine."""

    def __init__(self, work: Work, kept: KeptEnvironments, logs: LogStore) -> None:
        self._work = work
        self._kept = kept
        self._logs = logs

    async def everything(self) -> list[Used]:
        """Return all with who uses them, the one that was used last first."""
        runs = await self._work.read(_runs_by_python)
        processes = await self._kept.used_by_processes()
        return [
            Used(one, (*runs.get(one.python, ()), *processes.get(one.python, ())))
            for one in await self._kept.everything()
        ]

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
