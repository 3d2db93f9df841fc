"""Images and documents on their way from a program to its server, never in the way of the program.

They are written to the folder of the run's spool first, so that a killed program leaves them to
those who send leftovers.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from zaffre_sdk.errors import SdkError
from zaffre_sdk.notices import notice
from zaffre_sdk.refusals import is_final
from zaffre_sdk.tracking.leftovers import FILES_FOLDER, PART
from zaffre_sdk.tracking.senders import spool_of

if TYPE_CHECKING:
    from pathlib import Path

    from zaffre_sdk.client import WorkspaceClient

_PAUSE_SECONDS = 1.0
_AT_EXIT_SECONDS = 60.0
_AWAY_SECONDS = 3.0
_LOOK_SECONDS = 0.02


class _File(NamedTuple):
    workspace: WorkspaceClient
    run_id: str
    path: str
    source: Path | bytes
    """Bytes only when no disk took them: what waits for an absent server is not held in memory."""


class FileSender:
    """Sends files in the order in which they were logged, from one thread of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: deque[_File] = deque()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None
        self._away = 0.0
        self._told = False

    def put(self, workspace: WorkspaceClient, run_id: str, path: str, data: bytes) -> None:
        """Take a file; returns at once and never fails."""
        target = spool_of(workspace.id, run_id) / FILES_FOLDER / path
        source: Path | bytes = target
        try:
            _write(target, data)
        except OSError as error:
            self._say(f"`{path}` cannot be kept on disk, only in memory: {error}")
            source = data
        with self._lock:
            self._files.append(_File(workspace, run_id, path, source))
            if self._thread is None:
                self._begin()
        self._some.set()

    def flush(self, timeout: float) -> bool:
        """Wait until the server has every file, shortly when it is away; tell whether it has."""
        started = time.monotonic()
        while self._files and self._thread is not None:
            now = time.monotonic()
            away = self._away and now - max(started, self._away) > _AWAY_SECONDS
            if away or now - started > timeout:
                return False
            time.sleep(_LOOK_SECONDS)
        return not self._files

    def after_fork(self) -> None:
        """Leave what waits to the parent."""
        self._lock = threading.Lock()
        self._files, self._some = deque(), threading.Event()
        self._thread = None

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name="zaffre-files", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # The interpreter ends; what is on disk waits for others.
        self._thread = thread
        atexit.register(self.flush, _AT_EXIT_SECONDS)

    def _run(self) -> None:
        while True:
            self._some.wait()
            self._some.clear()
            while self._files:
                if self._send(self._files[0]):
                    self._files.popleft()
                else:
                    time.sleep(_PAUSE_SECONDS)

    def _send(self, file: _File) -> bool:
        """Send a file; tell whether it is done with."""
        source = file.source
        try:
            data = source if isinstance(source, bytes) else source.read_bytes()
            file.workspace.artifacts.upload(file.run_id, file.path, data, patience=0.0)
        except FileNotFoundError:
            return True  # Another program sent it with what earlier ones had left.
        except (SdkError, OSError) as error:
            if not is_final(error):
                self._away = self._away or time.monotonic()
                self._say(f"`{file.path}` does not reach the server and is kept: {error}")
                return False
            notice(f"the server refused `{file.path}` for good: {error}")
        self._away = 0.0
        if not isinstance(source, bytes):
            source.unlink(missing_ok=True)
        return True

    def _say(self, text: str) -> None:
        if not self._told:
            self._told = True
            notice(text)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Under its name only when it is whole: others may be looking for leftovers.
    draft = path.with_name(f"{path.name}.{os.getpid()}{PART}")
    draft.write_bytes(data)
    draft.replace(path)


files = FileSender()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=files.after_fork)
