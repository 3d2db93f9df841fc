"""The environment builder on uv."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from zaffre.adapters.builders.choice import Choice, choose, choose_brought
from zaffre.adapters.builders.conda_install import CondaInstaller
from zaffre.adapters.builders.conda_tools import AUTO, Condas
from zaffre.adapters.builders.folders import Marker, Place
from zaffre.adapters.builders.foundation import Foundation, without_engine
from zaffre.adapters.builders.given import GivenInterpreters
from zaffre.adapters.builders.installation import Installation, Installer
from zaffre.adapters.builders.interpreters import Interpreters
from zaffre.adapters.builders.plan import Wanted, plan, want
from zaffre.adapters.builders.private_wheels import CopyBlob
from zaffre.adapters.builders.sdk_wheel import SdkWheel, supported_pythons
from zaffre.adapters.builders.settings import index_settings
from zaffre.adapters.builders.sharing import Sharing
from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec
from zaffre.domain.errors import ZaffreError, missing

Log = Callable[[str], None]
_SHOWN_KEY = 12


async def _nothing_uploaded(digest: str, _path: Path) -> None:
    raise missing("blob", digest)


class _Order(NamedTuple):
    place: Place
    installation: Installation
    notes: tuple[str, ...]


class UvBuilder:
    """Builds environments with uv; implements `ports.builders.EnvironmentBuilder`.

    Args:
        folder: Keeps the environments, the wheels of the SDK and the locks.
        environ: The environment of the server: index settings, proxies, `PATH`, `HOME`.
        copy: Writes the bytes of a digest to a file.
        limit_seconds: A build that takes longer is given up.
        conda: `auto`, `never`, or the path of the program that brings conda packages.
    """

    def __init__(
        self,
        folder: Path,
        *,
        environ: Mapping[str, str],
        copy: CopyBlob = _nothing_uploaded,
        limit_seconds: float = 3600,
        conda: str = AUTO,
    ) -> None:
        self._folder = folder.absolute()
        self._environ = dict(environ)
        self._copy = copy
        self._condas = Condas(conda, environ=self._environ)
        self._floor = supported_pythons()
        self._wheel = SdkWheel(self._folder / "wheels")
        self._given = GivenInterpreters(
            environ=self._environ, floor=self._floor, sdk=self._wheel.wheel
        )
        self._interpreters = Interpreters(
            self._folder / "interpreters.json", environ=self._environ
        )
        self._installer = Installer(environ=self._environ, limit_seconds=limit_seconds, copy=copy)
        self._sharing: Sharing[Marker] = Sharing()

    async def build(self, spec: EnvironmentSpec, log: Log) -> BuiltEnvironment:
        """Return the environment, ready; see the port for the contract."""
        if spec.interpreter is not None and spec.image is None:
            path = await asyncio.to_thread(self._given.check, spec.interpreter)
            log(f"Using the interpreter {path} with what it has installed.")
            found = await asyncio.to_thread(self._given.packages, path)
            return BuiltEnvironment(python=path, found=found)
        foundation = Foundation(spec)
        if spec.image is not None:
            foundation = await without_engine(spec, spec.image, self._copy)
        order = await asyncio.to_thread(self._order, foundation)
        for note in order.notes:
            log(note)
        marker = order.place.use()
        if marker is None:
            key = order.place.folder.name
            marker = await self._sharing.join(key, partial(self._make, order), log)
        else:
            _say_found(order.place, marker, log)
        return BuiltEnvironment(
            python=str(order.place.python),
            packages=marker.packages,
            variables={**marker.variables, **foundation.variables},
            conda=marker.conda,
        )

    async def locate(self, spec: EnvironmentSpec) -> str | None:
        """Return the interpreter of the environment, whether it is built or not.

        None for one that people keep themselves, and for what cannot be built here.
        """
        if spec.interpreter is not None and spec.image is None:
            return None
        try:
            foundation = Foundation(spec)
            if spec.image is not None:
                foundation = await without_engine(spec, spec.image, self._copy)
            order = await asyncio.to_thread(self._order, foundation)
        except ZaffreError:
            return None
        return str(order.place.python)

    def _order(self, foundation: Foundation) -> _Order:
        spec = foundation.spec
        tool = self._condas.find() if spec.conda_packages else None
        wanted = want(spec, foundation.options, with_conda=tool is not None)
        choice = self._choose(wanted)
        what = plan(wanted, choice, spec.preferred_packages)
        wheel = self._wheel.wheel()
        key = what.key(
            {
                "python": list(choice.interpreter),
                "sdk": wheel.digest,
                "index": index_settings(self._environ),
            }
        )
        conda = CondaInstaller(tool, self._environ) if tool and what.conda else None
        return _Order(
            place=Place(self._folder, key),
            installation=Installation(
                plan=what, python=choice.interpreter, wheel=wheel, conda=conda
            ),
            notes=(*foundation.notes, *what.notes),
        )

    def _choose(self, wanted: Wanted) -> Choice:
        own = self._interpreters.own()
        if wanted.conda is None:
            found = self._interpreters.found() if wanted.python else [own]
            return choose(wanted.python, found, floor=self._floor)
        return choose_brought(wanted.python, own, floor=self._floor)

    async def _make(self, order: _Order, say: Log) -> Marker:
        place = order.place

        def waiting() -> None:
            say("Waiting for another build of the same environment.")

        async with place.locked(waiting) as lock:
            marker = place.find()
            if marker is not None:
                _say_found(place, marker, say)
                return marker
            await asyncio.to_thread(place.clear)
            marker = await self._installer.install(order.installation, place, say=say, lock=lock)
            place.complete(marker)
        for note in marker.notes:
            say(note)
        size = marker.bytes / 1e6
        count = len(marker.packages)
        say(f"Environment built in {marker.seconds:.1f} s: {count} packages, {size:.0f} MB.")
        return marker


def _say_found(place: Place, marker: Marker, say: Log) -> None:
    for note in marker.notes:
        say(note)
    key = place.folder.name[:_SHOWN_KEY]
    say(f"Environment {key} is built already: {len(marker.packages)} packages.")
