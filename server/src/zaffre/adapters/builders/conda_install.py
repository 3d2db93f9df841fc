"""Making a conda environment: its packages, and what it sets for those who work in it."""

import asyncio
import contextlib
import json
import os
import re
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zaffre.adapters.builders.conda_failures import conda_failure, unsolved
from zaffre.adapters.builders.conda_order import CondaAttempt, CondaOrder
from zaffre.adapters.builders.conda_tools import CondaTool, conda_environ
from zaffre.adapters.builders.failures import CODE
from zaffre.adapters.builders.folders import Place
from zaffre.adapters.builders.process import Ended, run
from zaffre.domain.errors import UnavailableError

_SECONDS_TO_ACTIVATE: Final = 60
_SECRET: Final = re.compile(r"(?<=://)[^/@\s]+@|(?<=/t/)[^/]+")
_SCRIPTS: Final = "etc/conda/activate.d"
_ACTIVATE: Final = """
for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
  . "$script" >/dev/null 2>&1 || :
done
exec env -0
"""
_OF_THE_SHELL: Final = frozenset({"HOME", "OLDPWD", "PATH", "PWD", "SHLVL", "_"})


@dataclass(frozen=True, slots=True)
class CondaInstaller:
    """Tells a tool to make an environment.

    Attributes:
        tool: That of this machine.
        environ: The environment of the server; the tool sees a part of it.
    """

    tool: CondaTool
    environ: Mapping[str, str]

    async def create(
        self,
        order: CondaOrder,
        place: Place,
        *,
        kept: Sequence[str],
        say: Callable[[str], None],
        lock: int,
    ) -> tuple[str, ...]:
        """Make the environment at `place`, and return what had to be left out.

        Args:
            order: What is asked for.
            place: Locked, and empty.
            kept: What the environment held before it was removed, as addresses of packages.
            say: Takes lines of progress.
            lock: The descriptor of its lock.

        Raises:
            UnavailableError: `EnvironmentBuildFailed`, naming the package or channel.
        """
        if kept and await self._again(place, kept, say, lock):
            return ()
        say(f"{self.tool.words} installs {', '.join(order.attempts[-1].specs)}.")
        notes: list[str] = []
        for attempt in order.attempts:
            ended = await self._create(order, attempt, place, say, lock)
            if ended.code == 0 and place.python.exists():
                break
            if attempt is order.attempts[-1] or not unsolved(ended.lines):
                raise conda_failure(ended.lines, tool=self.tool, channels=order.channels)
            await asyncio.to_thread(place.clear)
            notes.append(f"No versions go together with {attempt.words}, so others were taken.")
            say("Trying again with fewer demands.")
        return tuple(notes)

    async def _create(
        self,
        order: CondaOrder,
        attempt: CondaAttempt,
        place: Place,
        say: Callable[[str], None],
        lock: int,
    ) -> Ended:
        channels = [word for one in order.channels for word in ("--channel", one)]
        override = ["--override-channels"] if channels else []
        words = [*_beginning(self.tool, place), *override, *channels, *attempt.specs]
        return await self._tell(words, say, lock)

    async def _again(
        self, place: Place, kept: Sequence[str], say: Callable[[str], None], lock: int
    ) -> bool:
        """Bring the very files of before; tell whether all of them are still to be had."""
        say("Bringing the conda packages that the environment held before it was removed.")
        with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
            listed = _listed(Path(folder), kept)
            ended = await self._tell(
                [*_beginning(self.tool, place), "--file", str(listed)], say, lock
            )
        if ended.code == 0 and place.python.exists():
            return True
        say("Some of them are gone, so the environment is solved anew.")
        await asyncio.to_thread(place.clear)
        return False

    async def _tell(self, words: Sequence[str], say: Callable[[str], None], lock: int) -> Ended:
        command = (self.tool.program, *words)
        environ = conda_environ(self.environ)
        return await run(
            command, environ=environ, said=lambda line: _pass_on(line, say), held=lock
        )


def _pass_on(line: str, say: Callable[[str], None]) -> None:
    """Pass on what tells of the work, and not how to activate what comes of it."""
    if line.strip() and not line.startswith("#"):
        say(line)


def _listed(folder: Path, kept: Sequence[str]) -> Path:
    file = folder / "explicit.txt"
    file.write_text("".join(f"{line}\n" for line in ("@EXPLICIT", *kept)), encoding="utf-8")
    return file


def _beginning(tool: CondaTool, place: Place) -> list[str]:
    words = ["create", "--yes", "--prefix", str(place.folder)]
    # The others have no packages of that kind, and no such word.
    return [*words, "--no-default-packages"] if tool.kind == "conda" else words


def conda_packages_in(prefix: Path) -> tuple[str, ...]:
    """Return the conda packages of an environment as addresses with MD5, those of a lock file."""
    records = sorted((prefix / "conda-meta").glob("*.json"))
    return tuple(address for record in records if (address := _address_in(record)))


def _address_in(record: Path) -> str:
    """Return the address of a package; empty when there is none.

    What the scripts of packages write there may be anything.
    """
    try:
        content = json.loads(record.read_bytes())
        address = _SECRET.sub("", content["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    digest = f"#{content['md5']}" if content.get("md5") else ""
    line = f"{address}{digest}"
    return line if address and line.split() == [line] else ""


async def variables_in(prefix: Path) -> dict[str, str]:
    """Return the variables that activating the environment sets, besides the path of programs."""
    fixed = {"CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": str(prefix)}
    return {**fixed, **await asyncio.to_thread(_stated, prefix), **await _scripted(prefix, fixed)}


def _stated(prefix: Path) -> dict[str, str]:
    try:
        state = json.loads((prefix / "conda-meta" / "state").read_bytes())
        return {str(name): str(value) for name, value in state["env_vars"].items()}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}  # Most environments state none.


async def _scripted(prefix: Path, fixed: Mapping[str, str]) -> dict[str, str]:
    """Return what scripts of its packages set, such as where GDAL has its data."""
    if not any((prefix / _SCRIPTS).glob("*.sh")):
        return {}
    environ = {
        "HOME": os.environ.get("HOME", "/"),
        "PATH": f"{prefix}/bin:{os.defpath}",
        **fixed,
    }
    process = await asyncio.create_subprocess_exec(
        *("bash", "--noprofile", "--norc", "-c", _ACTIVATE),
        cwd="/",
        env=environ,
        start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_SECONDS_TO_ACTIVATE):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise UnavailableError(
            CODE,
            f"Activating the environment did not end in {_SECONDS_TO_ACTIVATE} s.",
            target="environment",
            hint=f"One of its packages has a script in `{_SCRIPTS}` that waits for something.",
        ) from error
    finally:
        with contextlib.suppress(ProcessLookupError):  # mostly none is left
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())
    rows = (row.partition("=") for row in said.decode("utf-8", "replace").split("\0"))
    found = {name: value for name, _, value in rows if name}
    return {name: value for name, value in found.items() if name not in _OF_THE_SHELL}
