"""The files that the user's process leaves in `outputs/` and `logs/`."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from zaffre_sdk.runner.link import Link, RefusedError, Request, StoppedError, Upload
from zaffre_sdk.runner.order import Order

FOLDERS = ("outputs", "logs")
_Mark = tuple[int, int, int]


class FileUploader:
    """Uploads what is new or changed, while the process works and after it ended.

    Links that lead out of the working folder are left alone: a run gives away its own files, not
    those of its machine. A file that shrinks or grows under the upload is uploaded again.
    """

    def __init__(self, link: Link, order: Order, work: Path) -> None:
        self._link = link
        self._url = f"{order.run_path}/artifacts"
        self._work = work.resolve()
        self._known: dict[str, _Mark] = {}
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, *, every: float) -> None:
        """Upload in the background from time to time."""
        self._thread = threading.Thread(
            target=self._keep_uploading, args=(every,), name="uploader", daemon=True
        )
        self._thread.start()

    def finish(self) -> list[str]:
        """Upload what is left, and return a line for each file that the server refused.

        Raises:
            StoppedError: The run is no longer this runner's.
        """
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        return self._upload_changed()

    def _keep_uploading(self, every: float) -> None:
        with contextlib.suppress(StoppedError):
            while not self._done.wait(every):
                self._upload_changed()

    def _upload_changed(self) -> list[str]:
        refused = []
        for path in self._files():
            name = path.relative_to(self._work).as_posix()
            try:
                self._upload_if_changed(name, path)
            except (OSError, RefusedError) as error:
                refused.append(f"`{name}` could not be uploaded: {error}")
        return refused

    def _upload_if_changed(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            mark = _mark_of(os.fstat(file.fileno()))
        if self._known.get(name) == mark:
            return

        def opened() -> Upload:
            stream = path.open("rb")
            return Upload(os.fstat(stream.fileno()).st_size, stream.read, stream.close)

        self._link.send(Request("PUT", f"{self._url}/{quote(name)}", opened, _RAW))
        self._known[name] = mark

    def _files(self) -> Iterator[Path]:
        for folder in FOLDERS:
            for parent, _, names in os.walk(self._work / folder):
                for name in sorted(names):
                    path = Path(parent, name)
                    if self._is_own(path):
                        yield path

    def _is_own(self, path: Path) -> bool:
        try:
            real = path.resolve(strict=True)
            return real.is_relative_to(self._work) and stat.S_ISREG(real.stat().st_mode)
        except OSError:
            return False


_RAW = {"content-type": "application/octet-stream"}


def _mark_of(status: os.stat_result) -> _Mark:
    return status.st_ino, status.st_size, status.st_mtime_ns
