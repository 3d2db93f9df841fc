"""Images of environments that were made for this home: which there are, and their removal."""

import asyncio
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from zaffre.adapters.builders.folders import Held, Place
from zaffre.adapters.containers.base_shelf import BaseShelf, ShelvedBase, base_tag_of
from zaffre.adapters.containers.engine import Engines, Talk
from zaffre.domain.environments import Kept
from zaffre.ports.builders import KeptEnvironments

_PACKAGES: Final = "packages.json"
_SHOWN_KEY: Final = 12


def tag_of(key: str) -> str:
    """Return the name of the image of an environment."""
    return f"localhost/zaffre-environment:{key[:32]}"


class Shelved(NamedTuple):
    """What is known of an image that was made here.

    Attributes:
        key: Of all that decided what is in it.
        base: The image that it is built on.
        used_at: When it was last handed out, in seconds since 1970.
    """

    key: str
    packages: tuple[str, ...]
    base: str
    used_at: float


class ImageShelf:
    """Remembers what was put onto which image, as a file for each.

    Args:
        folder: Keeps the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, key: str) -> Place:
        """Return where the file and the lock of an image lie."""
        return Place(self._folder, key)

    def put(self, key: str, packages: Sequence[str], *, base: str = "") -> None:
        """Remember what an image holds, and on which it is built; under its lock."""
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps({"packages": packages, "base": base}))
        fresh.replace(file)

    def use(self, key: str) -> tuple[str, ...] | None:
        """Return what an image holds, and note that it was handed out; None when unknown.

        None also while somebody builds or removes it: whoever then takes the lock finds out.
        """
        try:
            with self.place(key).quiet() as is_quiet:
                return self.used(key) if is_quiet else None
        except FileNotFoundError:
            return None

    def used(self, key: str) -> tuple[str, ...] | None:
        """Return and note the same; under its lock."""
        try:
            shelved = self._read(key)
            os.utime(self._file(key))
        except (OSError, ValueError, KeyError):
            return None
        return shelved.packages

    def everything(self) -> list[Shelved]:
        """Return all that are known."""
        found = []
        for file in self._folder.glob(f"*/*/{_PACKAGES}"):
            try:
                found.append(self._read(file.parent.name))
            except (OSError, ValueError, KeyError):
                continue  # It is removed or written anew just now.
        return found

    def may_go(self, key: str, *, unused_since: float) -> bool:
        """Whether an image was not handed out since then; keeps what it holds; under its lock."""
        try:
            shelved = self._read(key)
        except (OSError, ValueError, KeyError):
            return False
        if shelved.used_at > unused_since:
            return False
        self.place(key).hold(Held(shelved.packages))
        return True

    def drop(self, key: str) -> None:
        """Forget an image; under its lock."""
        shutil.rmtree(self._file(key).parent)

    def _read(self, key: str) -> Shelved:
        file = self._file(key)
        content = json.loads(file.read_bytes())
        packages = tuple(map(str, content["packages"]))
        return Shelved(key, packages, str(content["base"]), file.stat().st_mtime)

    def _file(self, key: str) -> Path:
        return self.place(key).folder / _PACKAGES


class KeptImages:
    """Images beside the environments of this machine; implements `KeptEnvironments`.

    Those that others are built on are among them, as far as they were fetched or made for this
    home: what people have fetched themselves is theirs.

    Args:
        others: Those of this machine.
        folder: That of the builder of images.
        environ: The environment of the server.
    """

    def __init__(
        self, others: KeptEnvironments, folder: Path, *, environ: Mapping[str, str]
    ) -> None:
        self._others = others
        self._shelf = ImageShelf(folder.absolute() / "built")
        self._bases = BaseShelf(folder.absolute() / "bases")
        self._engines = Engines(environ)

    async def everything(self) -> list[Kept]:
        """Return all, the one that was used last first."""
        found = [*await self._others.everything(), *await self._images()]
        return sorted(found, key=lambda kept: kept.used_at, reverse=True)

    async def used_by_processes(self) -> Mapping[str, Sequence[str]]:
        """Return the processes that work in environments, and the images built on others."""
        found = {name: list(who) for name, who in (await self._others.used_by_processes()).items()}
        for one in await asyncio.to_thread(self._shelf.everything):
            if one.base:
                found.setdefault(one.base, []).append(f"image {one.key[:_SHOWN_KEY]}")
        return found

    async def remove(self, keys: Collection[str], *, unused_since: datetime) -> Sequence[str]:
        """Remove environments; return the keys of those that went.

        An engine removes no image that a container still has.
        """
        images = {one.key: one for one in self._shelf.everything() if one.key in keys}
        bases = {one.key: one for one in self._bases.everything() if one.key in keys}
        others = [key for key in keys if key not in images and key not in bases]
        gone = list(await self._others.remove(others, unused_since=unused_since))
        talk = await self._talk() if images or bases else None
        if talk is None:
            return gone
        since = unused_since.timestamp()
        gone += [key for key, one in images.items() if await self._remove(talk, one, since)]
        gone += [key for key, one in bases.items() if await self._remove_base(talk, one, since)]
        return gone

    async def _remove(self, talk: Talk, one: Shelved, since: float) -> bool:
        with self._shelf.place(one.key).alone() as is_alone:
            if not is_alone or not self._shelf.may_go(one.key, unused_since=since):
                return False
            is_gone = await _is_removed(talk, tag_of(one.key))
            if is_gone:
                self._shelf.drop(one.key)
            return is_gone

    async def _remove_base(self, talk: Talk, one: ShelvedBase, since: float) -> bool:
        with self._bases.place(one.key).alone() as is_alone:
            if not is_alone or not self._bases.is_unused(one.key, since=since):
                return False
            names = {one.name, base_tag_of(one.id)}
            is_gone = all([await _is_removed(talk, name) for name in sorted(names)])
            if is_gone:
                self._bases.drop(one.key)
            return is_gone

    async def _images(self) -> list[Kept]:
        known = await asyncio.to_thread(self._shelf.everything)
        bases = await asyncio.to_thread(self._bases.everything)
        talk = await self._talk() if known or bases else None
        if talk is None:
            return []
        found = [
            await _kept(talk, one.key, tag_of(one.key), one.packages, one.used_at) for one in known
        ]
        found += [await _kept(talk, one.key, one.name, (), one.used_at) for one in bases]
        return [one for one in found if one is not None]

    async def _talk(self) -> Talk | None:
        engine = await self._engines.find()
        return None if engine is None else Talk(engine, self._engines.environ)


async def _is_removed(talk: Talk, name: str) -> bool:
    heard = await talk.hear("rmi", name)
    return heard.code == 0 or await talk.image(name) is None


async def _kept(
    talk: Talk, key: str, name: str, packages: tuple[str, ...], used: float
) -> Kept | None:
    image = await talk.image(name)
    if image is None:
        return None
    used_at = datetime.fromtimestamp(used, UTC)
    return Kept(
        key=key,
        python=name,
        packages=packages,
        size=int(image.get("Size") or 0),
        built_at=_time(str(image.get("Created") or ""), used_at),
        used_at=used_at,
    )


def _time(text: str, otherwise: datetime) -> datetime:
    """Read what an engine says of a time, which has nine digits behind the second."""
    try:
        return datetime.fromisoformat(f"{text[:19]}+00:00")
    except ValueError:
        return otherwise
