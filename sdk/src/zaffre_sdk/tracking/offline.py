"""What a run without a server keeps in a folder, so that it can be sent to one later.

`run.json` says which run it is; `events.jsonl` has its labels, names and end in the order in which
they came; `metrics.jsonl` its metrics; `files/` its files; `children/` a folder for each run below
it. `alive.lock` is locked while the program lives, and `synced.json` says where everything went.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import IO, Union

from zaffre_sdk.files.paths import inside
from zaffre_sdk.home import Home
from zaffre_sdk.locks import FileLock
from zaffre_sdk.metrics.values import plain
from zaffre_sdk.notices import notice

DIR_VARIABLE = "ZAFFRE_OFFLINE_DIR"
NOWHERE = "none"
RUN_FILE = "run.json"
EVENTS_FILE = "events.jsonl"
METRICS_FILE = "metrics.jsonl"
FILES_FOLDER = "files"
CHILDREN_FOLDER = "children"
LOCK_FILE = "alive.lock"
SYNCED_FILE = "synced.json"
_DRAFT_FILE = "file.part"

Source = Union[Path, bytes, IO[bytes]]


def offline_folder() -> Path | None:
    """Return where runs without a server are kept, or None when nothing is to be kept.

    `ZAFFRE_OFFLINE_DIR` names another folder than `offline` in the home; `none` keeps nothing.
    """
    named = os.environ.get(DIR_VARIABLE, "")
    if named.strip().lower() == NOWHERE:
        return None
    return Path(named).expanduser().absolute() if named else Home.default().root / "offline"


class OfflineKeeper:
    """Keeps one run in its folder, which is made with the first thing that is kept.

    That the folder cannot be written to stops nothing: it is said once.

    Attributes:
        folder: The folder of the run; None when nothing is kept.
    """

    def __init__(self, run_id: str, folder: Path | None, *, display_name: str | None) -> None:
        self.folder = folder
        self._said: dict[str, object] = {
            "id": run_id,
            "started_at": time.time(),
            "display_name": display_name,
        }
        self._lock = threading.RLock()
        self._alive: FileLock | None = None
        self._pid = os.getpid()

    @property
    def has_begun(self) -> bool:
        """Whether there is anything in the folder."""
        return self._alive is not None

    def child_folder(self, run_id: str) -> Path | None:
        """Return the folder of a run below this one; this one is kept from now on."""
        self._keep(lambda _: None)
        return None if self.folder is None else self.folder / CHILDREN_FOLDER / run_id

    def metric(self, name: str, kind: str, value: object, step: int | None) -> None:
        """Keep what a log call logged."""
        self._append(METRICS_FILE, [name, kind, plain(value), step, time.time()])

    def event(self, what: str, value: object) -> None:
        """Keep a change: `tags`, `properties`, `display_name`, `description` or `end`."""
        self._append(EVENTS_FILE, {what: value})

    def file(self, path: str, source: Source) -> None:
        """Keep a copy of a file under a path of the run.

        Raises:
            UnsafePathError: The path would leave the run.
            OSError: The file cannot be opened.
        """
        if self.folder is None:
            return
        target = inside(self.folder / FILES_FOLDER, path)
        with _opened(source) as stream:
            self._keep(lambda folder: _copy(stream, target, draft=folder / _DRAFT_FILE))

    def release(self) -> None:
        """Let others send the run: nothing more is kept by this program."""
        if self._alive is not None:
            self._alive.release()

    def _append(self, file: str, line: object) -> None:
        text = json.dumps(line) + "\n"

        def write(folder: Path) -> None:
            # One write for a whole line: a killed program leaves at most one torn line, the last.
            data = text.encode("utf-8", "replace")
            with (folder / file).open("ab", buffering=0) as stream:
                if stream.write(data) != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self._keep(write)

    def _keep(self, write: Callable[[Path], None]) -> None:
        if self.folder is None or os.getpid() != self._pid:
            return  # Forked children share the run in memory alone; their parent keeps it.
        try:
            with self._lock:
                self._begin(self.folder)
                write(self.folder)
        except OSError as error:
            notice(f"the offline run cannot be kept in {self.folder} any longer: {error}")
            self.folder = None

    def _begin(self, folder: Path) -> None:
        if self._alive is not None:
            return
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f"{RUN_FILE}.part"
        draft.write_text(json.dumps(self._said), "utf-8")
        alive = FileLock(folder / LOCK_FILE)
        alive.acquire()
        draft.replace(folder / RUN_FILE)
        self._alive = alive


def _opened(source: Source) -> AbstractContextManager[IO[bytes]]:
    if isinstance(source, Path):
        return source.open("rb")
    return nullcontext(BytesIO(source) if isinstance(source, bytes) else source)


def _copy(source: IO[bytes], target: Path, *, draft: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Under its name only when it is whole: what a killed program leaves is sent as it is.
    with draft.open("wb") as file:
        shutil.copyfileobj(source, file)
    draft.replace(target)
