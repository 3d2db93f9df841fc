"""Images of environments that were made for this home: which there are, and their removal."""

import asyncio
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from zaffre.adapters.builders.folders import Place
from zaffre.adapters.containers.engine import Engines, Talk
from zaffre.domain.environments import Kept
from zaffre.ports.builders import KeptEnvironments

_PACKAGES: Final = "packages.json"


def tag_of(key: str) -> str:
    """Return the name of the image of an environment."""
    return f"localhost/zaffre-environment:{key[:32]}"


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

    def put(self, key: str, packages: Sequence[str]) -> None:
        """Remember what an image holds; under its lock."""
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(packages))
        fresh.replace(file)

    def use(self, key: str) -> tuple[str, ...] | None:
        """Return what an image holds, and note that it was handed out; None when unknown."""
        try:
            packages = tuple(json.loads(self._file(key).read_bytes()))
            os.utime(self._file(key))
        except (OSError, ValueError):
            return None
        return packages

    def everything(self) -> list[tuple[str, tuple[str, ...], float]]:
        """Return all that are known: keys, packages, and when they were last handed out."""
        found = []
        for file in self._folder.glob(f"*/*/{_PACKAGES}"):
            try:
                packages = tuple(json.loads(file.read_bytes()))
                found.append((file.parent.name, packages, file.stat().st_mtime))
            except (OSError, ValueError):
                continue  # It is removed or written anew just now.
        return found

    def drop(self, key: str, *, unused_since: float) -> bool:
        """Forget an image that was not handed out since then; under its lock."""
        try:
            if self._file(key).stat().st_mtime > unused_since:
                return False
            self._file(key).unlink()
            shutil.rmtree(self._file(key).parent)
        except FileNotFoundError:
            return False
        return True

    def _file(self, key: str) -> Path:
        return self.place(key).folder / _PACKAGES


class KeptImages:
    """Images beside the environments of this machine; implements `KeptEnvironments`.

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
        self._engines = Engines(environ)

    async def everything(self) -> list[Kept]:
        """Return all, the one that was used last first."""
        found = [*await self._others.everything(), *await self._images()]
        return sorted(found, key=lambda kept: kept.used_at, reverse=True)

    async def used_by_processes(self) -> Mapping[str, Sequence[str]]:
        """Return the processes of this machine that work in environments, by interpreter."""
        return await self._others.used_by_processes()

    async def remove(self, keys: Collection[str], *, unused_since: datetime) -> Sequence[str]:
        """Remove environments; return the keys of those that went.

        An engine removes no image that a container still has.
        """
        known = {key: packages for key, packages, _ in self._shelf.everything()}
        images = known.keys() & set(keys)
        others = [key for key in keys if key not in images]
        gone = list(await self._others.remove(others, unused_since=unused_since))
        talk = await self._talk() if images else None
        if talk is None:
            return gone
        for key in images:
            async with self._shelf.place(key).locked(lambda: None):
                if not self._shelf.drop(key, unused_since=unused_since.timestamp()):
                    continue
                heard = await talk.hear("rmi", tag_of(key))
                if heard.code != 0 and await talk.image(tag_of(key)) is not None:
                    self._shelf.put(key, known[key])  # To be removed another time.
                    continue
                gone.append(key)
        return gone

    async def _images(self) -> list[Kept]:
        known = await asyncio.to_thread(self._shelf.everything)
        talk = await self._talk() if known else None
        found = []
        for key, packages, used in known:
            image = await talk.image(tag_of(key)) if talk is not None else None
            if image is not None:
                used_at = datetime.fromtimestamp(used, UTC)
                found.append(
                    Kept(
                        key=key,
                        python=tag_of(key),
                        packages=packages,
                        size=int(image.get("Size") or 0),
                        built_at=_time(str(image.get("Created") or ""), used_at),
                        used_at=used_at,
                    )
                )
        return found

    async def _talk(self) -> Talk | None:
        engine = await self._engines.find()
        return None if engine is None else Talk(engine, self._engines.environ)


def _time(text: str, otherwise: datetime) -> datetime:
    """Read what an engine says of a time, which has nine digits behind the second."""
    try:
        return datetime.fromisoformat(f"{text[:19]}+00:00")
    except ValueError:
        return otherwise
