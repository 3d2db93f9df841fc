"""Built environments on this machine: which there are, who works in them, and their removal."""

import asyncio
import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from zaffre.adapters.builders.folders import Place, kept_in, remove_leftovers
from zaffre.domain.environments import Kept


class KeptFolders:
    """Implements `ports.builders.KeptEnvironments`.

    Args:
        folder: That of the builder.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder.absolute()

    async def everything(self) -> list[Kept]:
        """Return all, the one that was used last first."""
        return await asyncio.to_thread(self._everything)

    async def used_by_processes(self) -> Mapping[str, list[str]]:
        """Return the processes of this machine that work in environments, by interpreter."""
        return await asyncio.to_thread(self._processes)

    async def remove(self, keys: Collection[str], *, unused_since: datetime) -> list[str]:
        """Remove environments; return the keys of those that went."""
        return await asyncio.to_thread(self._remove, keys, unused_since.timestamp())

    def _everything(self) -> list[Kept]:
        found = [
            Kept(
                key=place.folder.name,
                python=str(place.python),
                packages=marker.packages,
                size=marker.bytes,
                built_at=datetime.fromtimestamp(built, UTC),
                used_at=datetime.fromtimestamp(used, UTC),
            )
            for place, marker, built, used in kept_in(self._root)
        ]
        return sorted(found, key=lambda kept: kept.used_at, reverse=True)

    def _processes(self) -> dict[str, list[str]]:
        inside = f"{self._root}{os.sep}"
        found: dict[str, list[str]] = {}
        for process in psutil.process_iter(["pid", "cmdline"]):
            command = process.info["cmdline"] or []
            if command and command[0].startswith(inside):
                key = Path(command[0]).relative_to(self._root).parts[1]
                python = str(Place(self._root, key).python)
                found.setdefault(python, []).append(f"process {process.info['pid']}")
        return found

    def _remove(self, keys: Collection[str], unused_since: float) -> list[str]:
        remove_leftovers(self._root)
        return [key for key in keys if Place(self._root, key).remove(unused_since=unused_since)]
