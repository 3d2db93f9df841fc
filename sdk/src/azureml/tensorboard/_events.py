"""The event files of one run, and their copies in a folder that TensorBoard reads."""

from __future__ import annotations

import filecmp
from pathlib import Path, PurePosixPath
from typing import Any

from zaffre_sdk.files.paths import inside
from zaffre_sdk.tracking.watching import TERMINAL
from zaffre_sdk.wire.artifacts import ArtifactOut

_EVENTS = "events.out.tfevents."
_CHUNK = 1 << 20


class RunEvents:
    """Brings the event files of a run into a folder and keeps them up to date.

    A file that has grown is extended in place: TensorBoard keeps the file open and would not
    notice that another one has its name.
    """

    def __init__(self, run: Any, folder: Path, prefix: str) -> None:
        """Make the copies of a run; nothing is fetched.

        Args:
            run: A run of v1.
            folder: Where the copies go.
            prefix: The folder of the run that is copied whole.
        """
        self._nouns = run._nouns  # noqa: SLF001 - one house
        self._run_id = run.id
        self._folder = folder
        self._prefix = prefix
        self._known: dict[str, str] = {}

    def bring(self) -> bool:
        """Fetch what is new; return whether more may come."""
        # The state is asked for first: what is listed after the end is all there is.
        ended = self._nouns.runs.get(self._run_id).state in TERMINAL
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._nouns.artifacts.list(self._run_id):
            if self._is_wanted(file.path) and self._known.get(file.path) != file.digest:
                self._fetch(file)
                self._known[file.path] = file.digest
        return not ended

    def _is_wanted(self, path: str) -> bool:
        return path.startswith(self._prefix) or _EVENTS in PurePosixPath(path).name

    def _fetch(self, file: ArtifactOut) -> None:
        target = inside(self._folder, file.path.removeprefix(self._prefix))
        target.parent.mkdir(parents=True, exist_ok=True)
        # Under a name that TensorBoard does not take for one of its own.
        fresh = target.with_name(f".{file.digest}.part")
        try:
            self._nouns.artifacts.download(self._run_id, file.path, fresh, overwrite=True)
            if target.exists() and _begins_with(fresh, target):
                _append(fresh, target)
            else:
                fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)


def _begins_with(long: Path, short: Path) -> bool:
    if short.stat().st_size == long.stat().st_size:
        return filecmp.cmp(long, short, shallow=False)
    with long.open("rb") as whole, short.open("rb") as start:
        while True:
            expected = start.read(_CHUNK)
            if not expected:
                return True
            if whole.read(len(expected)) != expected:
                return False


def _append(fresh: Path, target: Path) -> None:
    with fresh.open("rb") as source, target.open("ab") as copy:
        source.seek(copy.tell())
        while True:
            data = source.read(_CHUNK)
            if not data:
                return
            copy.write(data)
