"""The images that environments begin with, as far as they were fetched or made for this home."""

import json
import os
from pathlib import Path
from typing import Final, NamedTuple

from zaffre.adapters.builders.folders import Place

_SUFFIX: Final = ".base.json"


class ShelvedBase(NamedTuple):
    """An image that was fetched or made for this home.

    Attributes:
        key: Of its name, or of the Dockerfile with its files.
        used_at: When an environment last began with it, in seconds since 1970.
    """

    key: str
    name: str
    id: str
    used_at: float


def base_tag_of(image_id: str) -> str:
    """Return the name under which a base is built upon."""
    return f"localhost/zaffre-base:{image_id[-32:]}"


class BaseShelf:
    """Remembers them, as a file for each.

    Args:
        folder: Keeps the files and their locks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, key: str) -> Place:
        """Return where the lock of an image lies."""
        return Place(self._folder, key)

    def put(self, key: str, name: str, image_id: str) -> None:
        """Remember an image; under its lock."""
        fresh = self._file(key).with_suffix(".new")
        fresh.write_text(json.dumps({"name": name, "id": image_id}))
        fresh.replace(self._file(key))

    def use(self, key: str) -> None:
        """Note that an environment begins with it; nothing for what others have fetched."""
        if self._file(key).exists():
            os.utime(self._file(key))

    def everything(self) -> list[ShelvedBase]:
        """Return all that are known."""
        found = []
        for file in self._folder.glob(f"*/*{_SUFFIX}"):
            try:
                content = json.loads(file.read_bytes())
                used = file.stat().st_mtime
                key = file.name.removesuffix(_SUFFIX)
                found.append(ShelvedBase(key, content["name"], content["id"], used))
            except (OSError, ValueError, KeyError):
                continue  # It is removed or written anew just now.
        return found

    def is_unused(self, key: str, *, since: float) -> bool:
        """Whether no environment began with it since then; under its lock."""
        try:
            return self._file(key).stat().st_mtime <= since
        except FileNotFoundError:
            return False

    def drop(self, key: str) -> None:
        """Forget it; under its lock."""
        self._file(key).unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}{_SUFFIX}"
