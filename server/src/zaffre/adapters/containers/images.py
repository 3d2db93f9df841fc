"""The builder of environments that are images."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from zaffre.adapters.builders.choice import Choice
from zaffre.adapters.builders.plan import Plan, plan, want
from zaffre.adapters.builders.private_wheels import CopyBlob
from zaffre.adapters.builders.sdk_wheel import SdkWheel, Wheel, supported_pythons
from zaffre.adapters.builders.settings import index_settings, uv_environ
from zaffre.adapters.builders.sharing import Sharing
from zaffre.adapters.containers.bases import CODE, Base, Bases, UnreachableRegistryError
from zaffre.adapters.containers.engine import Engines, Log, Talk
from zaffre.adapters.containers.given import GivenPython, find_given
from zaffre.adapters.containers.kept import ImageShelf, tag_of
from zaffre.adapters.containers.layering import Layering, Order
from zaffre.adapters.containers.pythons import ImagePythons
from zaffre.domain.containers import check_image
from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec, Image
from zaffre.domain.errors import InvalidError, UnavailableError, ZaffreError
from zaffre.ports.builders import EnvironmentBuilder

_VERSION: Final = 1  # goes up when the same order would make another image
_SHOWN_KEY: Final = 12


@dataclass(frozen=True, slots=True)
class _Choices:
    """What was decided about an image: a plan and a Python for it, or one that it has."""

    plan: Plan | None = None
    choice: Choice | None = None
    given: GivenPython | None = None
    notes: tuple[str, ...] = ()


class ImageBuilder:
    """Makes images of environments that are images, and leaves all others to another builder.

    On a machine without a container engine that builder gets these, too: it knows what can be
    done without. Implements `ports.builders.EnvironmentBuilder`.

    Args:
        others: Builds environments of this machine.
        folder: Keeps locks and what is known of images; the images are with the engine.
        environ: The environment of the server: index settings, proxies, what steers the engine.
        copy: Writes the bytes of a digest to a file.
        limit_seconds: A build that takes longer is given up.
    """

    def __init__(
        self,
        others: EnvironmentBuilder,
        folder: Path,
        *,
        environ: Mapping[str, str],
        copy: CopyBlob,
        limit_seconds: float = 3600,
    ) -> None:
        self._others = others
        self._folder = folder.absolute()
        self._environ = dict(environ)
        self._engines = Engines(environ)
        self._floor = supported_pythons()
        self._wheel = SdkWheel(self._folder / "wheels")
        self._bases = Bases(self._folder / "bases", copy)
        self._pythons = ImagePythons(self._folder / "pythons", floor=self._floor)
        self._layering = Layering(environ=uv_environ(environ), copy=copy)
        self._limit_seconds = limit_seconds
        self._shelf = ImageShelf(self._folder / "built")
        self._sharing: Sharing[BuiltEnvironment] = Sharing()

    async def build(self, spec: EnvironmentSpec, log: Log) -> BuiltEnvironment:
        """Return the environment, ready; see the port for the contract."""
        image = spec.image
        engine = await self._engines.find() if image is not None else None
        if image is None or engine is None:
            return await self._others.build(spec, log)
        check_image(image)
        log(f"Building with {engine.words}.")
        talk = Talk(engine, self._engines.environ)
        try:
            async with asyncio.timeout(self._limit_seconds):
                return await self._on(talk, spec, image, log)
        except UnreachableRegistryError as error:
            if not image.dockerfile:
                raise
            return await self._without(spec, log, error)
        except TimeoutError as error:
            message = f"The image was given up after {self._limit_seconds:.0f} s."
            raise UnavailableError(CODE, message, target="image") from error

    async def locate(self, spec: EnvironmentSpec) -> str | None:
        """Return the image, or the interpreter on this machine; see the port for the contract."""
        engine = await self._engines.find() if spec.image is not None else None
        if spec.image is None or engine is None:
            return await self._others.locate(spec)
        talk = Talk(engine, self._engines.environ)
        base = await self._bases.present(talk, spec.image)
        if base is None:
            return None
        try:
            chosen = await self._choose(talk, spec, base)
        except ZaffreError:
            return None
        wheel = await asyncio.to_thread(self._wheel.wheel)
        is_plain = chosen.given is not None and not chosen.given.is_supported
        return base.name if is_plain else tag_of(self._key(base, chosen, wheel))

    async def _without(
        self, spec: EnvironmentSpec, log: Log, unreachable: UnreachableRegistryError
    ) -> BuiltEnvironment:
        """Read a Dockerfile whose base cannot be fetched as one does without an engine."""
        log(unreachable.message)
        log("No registry answers, so the Dockerfile is read for packages to install here.")
        try:
            return await self._others.build(spec, log)
        except InvalidError as error:
            log(error.message)
            raise unreachable from None
        except UnavailableError as error:
            raise (unreachable if error.code == "ContainerEngineMissing" else error) from None

    async def _on(
        self, talk: Talk, spec: EnvironmentSpec, image: Image, log: Log
    ) -> BuiltEnvironment:
        base = await self._bases.bring(talk, image, log)
        chosen = await self._choose(talk, spec, base)
        for note in chosen.notes:
            log(note)
        if chosen.given is not None and not chosen.given.is_supported:
            return BuiltEnvironment(python=chosen.given.path, image=base.name)
        wheel = await asyncio.to_thread(self._wheel.wheel)
        key = self._key(base, chosen, wheel)
        order = Order(
            tag=tag_of(key),
            base=base,
            key=key,
            wheel=wheel,
            plan=chosen.plan,
            choice=chosen.choice,
            given=chosen.given,
        )
        known = await self._known(talk, order, self._shelf.use(key))
        if known is not None:
            log(f"Image {key[:_SHOWN_KEY]} is built already: {len(known.packages)} packages.")
            return known
        return await self._sharing.join(key, partial(self._make, talk, order), log)

    async def _choose(self, talk: Talk, spec: EnvironmentSpec, base: Base) -> _Choices:
        if spec.interpreter is not None:
            try:
                found = await self._pythons.found(talk, base.id)
            except UnavailableError:
                found = []  # Commands may run in it all the same.
            given = await find_given(talk, base, spec.interpreter, found, floor=self._floor)
            return _Choices(given=given, notes=(given.note,))
        wanted = want(spec)
        choice = self._pythons.choose(wanted.python, await self._pythons.found(talk, base.id))
        what = plan(wanted, choice, spec.preferred_packages)
        return _Choices(plan=what, choice=choice, notes=what.notes)

    def _key(self, base: Base, chosen: _Choices, wheel: Wheel) -> str:
        others = {
            "image": base.id,
            "layers": _VERSION,
            "sdk": wheel.digest,
            "index": index_settings(self._environ),
        }
        if chosen.plan is not None and chosen.choice is not None:
            return chosen.plan.key({**others, "python": list(chosen.choice.interpreter)})
        given = chosen.given.path if chosen.given is not None else ""
        nothing = Plan((), (), (), (), ())
        return nothing.key({**others, "given": given})

    async def _known(
        self, talk: Talk, order: Order, packages: Sequence[str] | None
    ) -> BuiltEnvironment | None:
        """Return the environment when its image is there and what it holds is known."""
        if packages is None or await talk.image(order.tag) is None:
            return None
        return order.built(packages)

    async def _make(self, talk: Talk, order: Order, say: Log) -> BuiltEnvironment:
        def waiting() -> None:
            say("Waiting for another build of the same image.")

        async with self._shelf.place(order.key).locked(waiting) as lock:
            known = await self._known(talk, order, self._shelf.used(order.key))
            if known is not None:
                return known
            began = time.monotonic()
            held = await asyncio.to_thread(self._shelf.place(order.key).held)
            order = order.again(held.packages)
            packages = await self._layering.put(talk, order, say=say, lock=lock)
            seconds = time.monotonic() - began
            say(f"Image {order.tag} built in {seconds:.1f} s: {len(packages)} packages.")
            self._shelf.put(order.key, packages, base=order.base.name)
        return order.built(packages)
