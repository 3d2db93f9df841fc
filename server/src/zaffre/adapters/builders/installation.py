"""Making one environment: a virtual environment, and what is installed into it."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from zaffre.adapters.builders.azureml import overrides
from zaffre.adapters.builders.conda_install import (
    CondaInstaller,
    conda_packages_in,
    variables_in,
)
from zaffre.adapters.builders.failures import CODE, OLD_TOOLS, failure, needs_old_tools, unresolved
from zaffre.adapters.builders.folders import Held, Marker, Place, size_of
from zaffre.adapters.builders.installed import installed_in
from zaffre.adapters.builders.interpreters import Interpreter
from zaffre.adapters.builders.plan import Attempt, Plan
from zaffre.adapters.builders.private_wheels import CopyBlob, lay_out
from zaffre.adapters.builders.process import Ended, run
from zaffre.adapters.builders.sdk_wheel import Wheel
from zaffre.adapters.builders.settings import uv_environ
from zaffre.domain.errors import UnavailableError

Log = Callable[[str], None]
_SITE = "lib/python*/site-packages"


@dataclass(frozen=True, slots=True)
class Installation:
    """What to install, on which Python; `conda` is there when the plan needs it."""

    plan: Plan
    python: Interpreter
    wheel: Wheel
    conda: CondaInstaller | None = None


class Installer:
    """Runs uv.

    Args:
        environ: The environment of the server; uv sees a small part of it.
        limit_seconds: An installation that takes longer is given up.
        copy: Writes the bytes of a digest to a file.
    """

    def __init__(
        self, *, environ: Mapping[str, str], limit_seconds: float, copy: CopyBlob
    ) -> None:
        self._environ = uv_environ(environ)
        self._copy = copy
        self._limit_seconds = limit_seconds

    async def install(
        self, installation: Installation, place: Place, *, say: Log, lock: int
    ) -> Marker:
        """Install into `place`, which is empty and locked by the descriptor `lock`.

        Raises:
            UnavailableError: `EnvironmentBuildFailed`, naming the package and the cause.
        """
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._limit_seconds):
                with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
                    wheels = [
                        await lay_out(wheel, Path(folder), self._copy)
                        for wheel in installation.plan.wheels
                    ]
                    environ = self._environ | installation.plan.options.environ(self._environ)
                    work = _Work(environ, installation, place, say, lock, wheels)
                    notes = await work.install(await asyncio.to_thread(place.held))
                    variables = await work.variables()
        except TimeoutError as error:
            message = f"The build was given up after {self._limit_seconds:.0f} s."
            hint = "A package that takes this long to build may have a version with a wheel."
            raise UnavailableError(CODE, message, target="environment", hint=hint) from error
        return Marker(
            packages=await asyncio.to_thread(installed_in, place.folder.glob(_SITE)),
            notes=notes,
            bytes=await asyncio.to_thread(size_of, place.folder),
            seconds=round(time.monotonic() - started, 3),
            conda=await asyncio.to_thread(conda_packages_in, place.folder),
            variables=variables,
            built_at=time.time(),
        )


@dataclass(frozen=True, slots=True)
class _Work:
    environ: Mapping[str, str]
    installation: Installation
    place: Place
    say: Log
    lock: int
    wheels: Sequence[str]

    async def install(self, held: Held) -> tuple[str, ...]:
        """Return what had to be left out.

        Args:
            held: What the environment held before it was removed.
        """
        notes = list(await self._begin(held))
        plan = self.installation.plan.again(held.packages)
        files = [wheel.file for wheel in plan.wheels]
        self.say(f"Installing {', '.join((*plan.requirements, *files, 'zaffre-sdk'))}.")
        # What conda has brought stays: uv keeps what is there as long as nothing forbids it.
        there = self._there() if plan.conda is not None else frozenset()
        for attempt in plan.attempts:
            ended = await self._pip_install(attempt.without(there))
            if is_decided(plan, attempt, ended):
                self._check(ended)
                held_to = () if attempt.takes_sources else attempt.constraints
                return (*notes, *_held(held_to, ended.lines))
            notes.append(f"No versions go together with {attempt.words}, so others were taken.")
            self.say("Trying again with fewer demands.")
        return tuple(notes)

    async def variables(self) -> dict[str, str]:
        """Return the variables that come with what was installed."""
        if self.installation.plan.conda is None:
            return {}
        return await variables_in(self.place.folder)

    async def _begin(self, held: Held) -> tuple[str, ...]:
        """Make the environment that packages are installed into; return what was left out."""
        plan, python = self.installation.plan, self.installation.python
        if plan.conda is not None and self.installation.conda is not None:
            return await self.installation.conda.create(
                plan.conda, self.place, kept=held.conda, say=self.say, lock=self.lock
            )
        quiet = ("venv", "--quiet", "--no-project", "--python", python.path)
        self._check(await self._uv(*quiet, str(self.place.folder)))
        return ()

    def _there(self) -> frozenset[str]:
        lines = installed_in(self.place.folder.glob(_SITE))
        return frozenset(line.partition("==")[0] for line in lines)

    async def _pip_install(self, attempt: Attempt) -> Ended:
        ended = await self._pip_install_with(attempt, build_constraints=())
        if ended.code == 0 or not needs_old_tools(ended.lines):
            return ended
        self.say(f"A package is built as in its time: with {', '.join(OLD_TOOLS)}.")
        return await self._pip_install_with(attempt, build_constraints=OLD_TOOLS)

    async def _pip_install_with(
        self, attempt: Attempt, *, build_constraints: Sequence[str]
    ) -> Ended:
        plan = self.installation.plan
        with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
            lists = {
                "--constraints": attempt.constraints,
                "--overrides": overrides(),
                "--build-constraints": build_constraints,
            }
            files = [_written(Path(folder), *each) for each in lists.items() if each[1]]
            return await self._uv(
                *("pip", "install", "--python", str(self.place.python)),
                # Nobody else manages what lies here, whatever a package of conda says.
                *(["--break-system-packages"] if plan.conda is not None else []),
                *(argument for pair in files for argument in pair),
                *plan.arguments(attempt),
                *("--", *plan.requirements, *self.wheels, self._sdk()),
            )

    def _sdk(self) -> str:
        extras = ",".join(self.installation.plan.extras)
        name = f"zaffre-sdk[{extras}]" if extras else "zaffre-sdk"
        return f"{name} @ {self.installation.wheel.path.as_uri()}"

    async def _uv(self, *arguments: str) -> Ended:
        command = (find_uv_bin(), "--color=never", *arguments)
        return await run(command, environ=self.environ, said=self.say, held=self.lock)

    def _check(self, ended: Ended) -> None:
        if ended.code != 0:
            raise failure(ended.lines, python=self.installation.python.minor)


def is_decided(plan: Plan, attempt: Attempt, ended: Ended) -> bool:
    """Whether nothing else is tried after an attempt that ended so.

    What an environment held before may fail in more ways than to go together: its files may be
    gone by now, and nobody has asked for those versions.
    """
    may_help = attempt.takes_sources or unresolved(ended.lines)
    return ended.code == 0 or attempt is plan.attempts[-1] or not may_help


def _written(folder: Path, option: str, lines: Iterable[str]) -> tuple[str, str]:
    path = folder / f"{option.strip('-')}.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return option, str(path)


def _held(constraints: Iterable[str], lines: Iterable[str]) -> Iterator[str]:
    installed = {line[3:].partition("==")[0] for line in lines if line.startswith(" + ")}
    bounds = [Requirement(line) for line in constraints]
    held = [str(bound) for bound in bounds if canonicalize_name(bound.name) in installed]
    if held:
        yield f"Versions were held to {', '.join(held)}."
