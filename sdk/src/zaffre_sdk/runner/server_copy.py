"""The file that says where the server is, where a container can see it.

A container sees no more of the server's home: the rest of it are secrets. One file that is
replaced cannot be shown to it either, since it would go on seeing the old one.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

_LOOK_SECONDS = 0.5


class ServerCopy:
    """A folder with a copy of the server's file, which follows it.

    Attributes:
        file: The copy.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.file = folder / source.name
        self._source = source
        self._seen: tuple[int, int] | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="server-file", daemon=True)
        folder.mkdir(mode=0o755, exist_ok=True)
        self._copy()
        self._thread.start()

    def close(self) -> None:
        """Follow it no more."""
        self._done.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            self._copy()

    def _copy(self) -> None:
        # Between two servers there is no such file; then the copy stays what it is.
        with contextlib.suppress(OSError):
            status = self._source.stat()
            seen = status.st_mtime_ns, status.st_ino
            if seen != self._seen:
                draft = self.file.with_name(f"{self.file.name}.{os.getpid()}")
                draft.write_bytes(self._source.read_bytes())
                draft.replace(self.file)
                self._seen = seen
