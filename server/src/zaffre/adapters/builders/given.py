"""Interpreters that people keep themselves: checked, never changed."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from packaging.specifiers import SpecifierSet

from zaffre.adapters.builders.installed import installed_in
from zaffre.adapters.builders.interpreters import stamp_of
from zaffre.adapters.builders.sdk_wheel import Wheel
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

_SECONDS_TO_ANSWER = 60
_VERSION = re.compile(r"[23]\.\d+\.\d+")
_QUESTION = (
    "import json, sys; print('.'.join(map(str, sys.version_info[:3]))); "
    "import zaffre_sdk, azureml; "
    "print(json.dumps([place for place in sys.path if place.endswith('-packages')]))"
)


class GivenInterpreters:
    """Checks interpreters, and remembers those that passed as long as they are unchanged.

    Args:
        environ: The environment of the server; the interpreter sees a small part of it.
        floor: The Pythons that zaffre-sdk supports.
        sdk: Gives the wheel that an interpreter without zaffre-sdk can be mended with.
    """

    def __init__(
        self, *, environ: Mapping[str, str], floor: SpecifierSet, sdk: Callable[[], Wheel]
    ) -> None:
        self._environ = environ
        self._sdk = sdk
        self._floor = floor
        self._passed: dict[str, tuple[str, list[str]]] = {}

    def check(self, path: str) -> str:
        """Return `path`.

        Raises:
            InvalidError: `InvalidInterpreter`: no program, too old, or without zaffre-sdk.
        """
        stamp = stamp_of(path) if Path(path).is_absolute() and "\0" not in path else None
        if stamp is None:
            raise _refusal(
                f"The interpreter {shown(path)} is no program of this machine.",
                "Give the absolute path of a Python, or none to have an environment built.",
            )
        if path not in self._passed or self._passed[path][0] != stamp:
            self._passed[path] = (stamp, self._ask(path))
        return path

    def packages(self, path: str) -> tuple[str, ...]:
        """Return what an interpreter that was checked has installed, as `name==version`."""
        return installed_in(map(Path, self._passed[path][1]))

    def _ask(self, path: str) -> list[str]:
        try:
            done = subprocess.run(  # noqa: S603 - the program that the run is going to start
                [path, "-c", _QUESTION],
                capture_output=True,
                check=False,
                cwd="/",
                env=self._small_environ(),
                stdin=subprocess.DEVNULL,
                timeout=_SECONDS_TO_ANSWER,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"The interpreter {shown(path)} does not run: {error}."
            raise _refusal(message, "Give the absolute path of a Python that runs.") from error
        self._judge(path, done)
        try:
            places: list[str] = json.loads(done.stdout.splitlines()[-1])
        except ValueError:
            raise _no_python(path) from None
        return places

    def _judge(self, path: str, done: subprocess.CompletedProcess[bytes]) -> None:
        version = done.stdout.decode("utf-8", "replace").partition("\n")[0].strip()
        if not _VERSION.fullmatch(version):
            raise _no_python(path)
        if not self._floor.contains(version):
            message = (
                f"The interpreter {shown(path)} is Python {version}; {self._floor} is needed."
            )
            raise _refusal(message, "Give a newer one, or none to have an environment built.")
        if done.returncode != 0:
            last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
            message = f"The interpreter {shown(path)} cannot import zaffre-sdk: {last}"
            wheel = f"zaffre-sdk[defaults] @ {self._sdk().path.as_uri()}"
            raise _refusal(message, f"Run: {shlex.quote(path)} -m pip install '{wheel}'")

    def _small_environ(self) -> dict[str, str]:
        kept = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
        return {name: self._environ[name] for name in kept if name in self._environ}


def _no_python(path: str) -> InvalidError:
    message = f"The interpreter {shown(path)} does not answer as a Python does."
    return _refusal(message, "Give the absolute path of a Python.")


def _refusal(message: str, hint: str) -> InvalidError:
    return InvalidError("InvalidInterpreter", message, target="interpreter", hint=hint)
