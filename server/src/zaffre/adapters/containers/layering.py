"""Making the image of an environment: its base, and what is put onto it."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from uv import find_uv_bin

from zaffre.adapters.builders.choice import Choice
from zaffre.adapters.builders.failures import OLD_TOOLS, failure, needs_old_tools
from zaffre.adapters.builders.installation import is_decided
from zaffre.adapters.builders.plan import Attempt, Plan
from zaffre.adapters.builders.private_wheels import CopyBlob, lay_out
from zaffre.adapters.builders.process import Ended
from zaffre.adapters.builders.sdk_wheel import Wheel
from zaffre.adapters.containers import layers
from zaffre.adapters.containers.base_shelf import base_tag_of
from zaffre.adapters.containers.bases import CODE, Base, isolation
from zaffre.adapters.containers.engine import Log, Talk
from zaffre.adapters.containers.given import GivenPython
from zaffre.domain.environments import BuiltEnvironment
from zaffre.domain.errors import UnavailableError

_LIST: Final = (
    "import json, zaffre_sdk, azureml; from importlib import metadata; "
    "print(json.dumps(sorted({f'{d.name}=={d.version}' for d in metadata.distributions()})))"
)
# For those before 3.10 a distribution has no `name`.
_LIST_OLD: Final = _LIST.replace("d.name", 'd.metadata["Name"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An image to be made.

    Attributes:
        tag: Its name.
        base: What it begins with.
        key: Of all that decides what is in it.
        wheel: zaffre-sdk.
        plan: What is installed into an environment of its own, with
        choice: the Python for it; or
        given: An interpreter of the base that zaffre-sdk is put beside.
    """

    tag: str
    base: Base
    key: str
    wheel: Wheel
    plan: Plan | None
    choice: Choice | None
    given: GivenPython | None

    def again(self, packages: Sequence[str]) -> "Order":
        """Return the order that first tries the versions that the image held before."""
        return self if self.plan is None else replace(self, plan=self.plan.again(packages))

    @property
    def python(self) -> str:
        """The interpreter in the image."""
        return self.given.path if self.given is not None else layers.PYTHON

    def built(self, packages: Sequence[str]) -> BuiltEnvironment:
        """Return what came of it."""
        return BuiltEnvironment(python=self.python, packages=tuple(packages), image=self.tag)


class Layering:
    """Tells an engine to make images.

    Args:
        environ: The environment that uv would have on this machine.
        copy: Writes the bytes of a digest to a file.
    """

    def __init__(self, *, environ: Mapping[str, str], copy: CopyBlob) -> None:
        self._environ = dict(environ)
        self._copy = copy

    async def put(self, talk: Talk, order: Order, *, say: Log, lock: int) -> tuple[str, ...]:
        """Make the image and return what is installed in it, as `name==version`.

        Raises:
            UnavailableError: `EnvironmentBuildFailed`, naming the package and the cause.
        """
        with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
            await _Work(self._environ, order, Path(folder), talk, say, lock).make(self._copy)
        return await _packages(talk, order)


@dataclass(frozen=True, slots=True)
class _Work:
    environ: Mapping[str, str]
    order: Order
    folder: Path
    talk: Talk
    say: Log
    lock: int

    async def make(self, copy: CopyBlob) -> None:
        order = self.order
        context = self.folder / "context"
        context.mkdir()
        settings = await asyncio.to_thread(self._lay, context)
        name = base_tag_of(order.base.id)
        await self.talk.hear("tag", order.base.id, name)
        if order.plan is None:
            calls = layers.beside(python=order.python, sdk=self._sdk(()))
            text = layers.containerfile(name, calls, settings, adopt=order.python, key=order.key)
            self._check(await self._build(context, text))
            return
        wheels = [
            (await lay_out(wheel, context, copy)).replace(str(context), layers.CONTEXT)
            for wheel in order.plan.wheels
        ]
        await self._environment(order.plan, context, settings, name=name, wheels=wheels)

    async def _environment(
        self,
        plan: Plan,
        context: Path,
        settings: layers.Settings,
        *,
        name: str,
        wheels: Sequence[str],
    ) -> None:
        self.say(f"Installing {', '.join((*plan.requirements, 'zaffre-sdk'))}.")
        for attempt in plan.attempts:
            text = self._containerfile(plan, attempt, settings, name=name, wheels=wheels)
            ended = await self._attempt(plan, attempt, context, text)
            if is_decided(plan, attempt, ended):
                self._check(ended)
                return
            self.say(f"No versions go together with {attempt.words}, so others are taken.")

    def _containerfile(
        self,
        plan: Plan,
        attempt: Attempt,
        settings: layers.Settings,
        *,
        name: str,
        wheels: Sequence[str],
    ) -> str:
        python = self.order.choice.interpreter.path if self.order.choice else ""
        calls = layers.environment(
            plan, python=python, wheels=wheels, sdk=self._sdk(plan.extras), attempt=attempt
        )
        return layers.containerfile(name, calls, settings, key=self.order.key)

    async def _attempt(self, plan: Plan, attempt: Attempt, context: Path, text: str) -> Ended:
        files = layers.files_of(plan, attempt.constraints)
        await asyncio.to_thread(_write, context, files)
        ended = await self._build(context, text)
        if ended.code == 0 or not needs_old_tools(ended.lines):
            return ended
        self.say(f"A package is built as in its time: with {', '.join(OLD_TOOLS)}.")
        files = layers.files_of(plan, attempt.constraints, OLD_TOOLS)
        await asyncio.to_thread(_write, context, files)
        return await self._build(context, text)

    def _lay(self, context: Path) -> layers.Settings:
        """Write into the context what every build needs, and return what uv is told."""
        _link(find_uv_bin(), str(context / "uv"))
        shutil.copy2(self.order.wheel.path, context)
        certificates = Path(self.environ.get("SSL_CERT_FILE", ""))
        has_certificates = certificates.is_file()
        if has_certificates:
            shutil.copyfile(certificates, context / "certificates.pem")
        plan = self.order.plan
        _write(context, layers.files_of(plan, ()))
        options = plan.options.environ(self.environ) if plan is not None else {}
        settings = layers.settings_of(
            {**self.environ, **options}, has_certificates=has_certificates
        )
        for index, folder in enumerate(settings.folders):
            place = context / f"{layers.FOLDER}{index}"
            shutil.copytree(folder, place, copy_function=_link, ignore_dangling_symlinks=True)
        secret = self.folder / "settings"
        secret.touch(mode=0o600)
        secret.write_text(settings.text())
        return settings

    def _sdk(self, extras: Sequence[str]) -> str:
        name = f"zaffre-sdk[{','.join(extras)}]" if extras else "zaffre-sdk"
        return f"{name} @ file://{layers.CONTEXT}/{self.order.wheel.path.name}"

    async def _build(self, context: Path, text: str) -> Ended:
        file = self.folder / "Containerfile"
        file.write_text(text, encoding="utf-8")
        words = [
            *("build", *isolation(self.talk), "--network=host", "--pull=false"),
            *(f"--secret=id={layers.SETTINGS},src={self.folder / 'settings'}",),
            *(f"--tag={self.order.tag}", f"--file={file}", str(context)),
        ]
        return await self.talk.tell(words, said=self.say, held=self.lock)

    def _check(self, ended: Ended) -> None:
        if ended.code != 0:
            choice = self.order.choice
            python = choice.interpreter.minor if choice is not None else "of the image"
            lines = [line for line in ended.lines if not line.startswith("Error: building at")]
            raise failure(lines or ended.lines, python=python)


async def _packages(talk: Talk, order: Order) -> tuple[str, ...]:
    """Ask the interpreter of an image what it has, which shows that it works there."""
    reason = ""
    for question in (_LIST, _LIST_OLD):
        heard = await talk.try_out(order.tag, order.python, "-c", question)
        if heard.code == 0:
            return _listed(heard.said)
        reason = heard.reason
    raise _unusable(reason)


def _listed(said: str) -> tuple[str, ...]:
    """Read the last line, before which what the image starts with a Python may say something."""
    try:
        return tuple(map(str, json.loads(said.splitlines()[-1])))
    except (IndexError, TypeError, ValueError):
        raise _unusable("its Python answers something else") from None


def _unusable(reason: str) -> UnavailableError:
    return UnavailableError(
        CODE,
        f"zaffre-sdk cannot be used in the image: {reason}",
        target="image",
        hint="Leave the interpreter out to have an environment built in the image.",
    )


def _link(source: str, target: str) -> str:
    """Put a file into the context, without a copy of its bytes where that can be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
