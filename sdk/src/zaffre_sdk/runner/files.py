"""The files that the user's process leaves in `outputs/` and `logs/`."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from zaffre_sdk.runner.link import Link, RefusedError, Request, StoppedError, Upload
from zaffre_sdk.runner.order import Order

FOLDERS = ("outputs", "logs")
# Larger files are sent while the process works only once they were left alone for a round: each
# stage of a file that grows would be kept by the server.
_SMALL_BYTES = 1 << 20
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
        self._seen: dict[str, _Mark] = {}
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
        return self._upload_changed(lambda _name, _mark: True)

    def _keep_uploading(self, every: float) -> None:
        with contextlib.suppress(StoppedError):
            while not self._done.wait(every):
                self._upload_changed(self._is_settled)

    def _is_settled(self, name: str, mark: _Mark) -> bool:
        """Tell whether a file is worth sending now: a large one that still grows is not."""
        seen, self._seen[name] = self._seen.get(name), mark
        return mark[1] <= _SMALL_BYTES or seen == mark

    def _upload_changed(self, is_due: Callable[[str, _Mark], bool]) -> list[str]:
        refused = []
        for path, status in self._files():
            name, mark = path.relative_to(self._work).as_posix(), _mark_of(status)
            if self._known.get(name) == mark or not is_due(name, mark):
                continue
            try:
                self._upload(name, path)
                self._known[name] = mark
            except (UnicodeEncodeError, RefusedError) as error:
                refused.append(f"`{name}` could not be uploaded: {error}")
        return refused

    def _upload(self, name: str, path: Path) -> None:
        def opened() -> Upload:
            stream = path.open("rb")
            return Upload(os.fstat(stream.fileno()).st_size, stream.read, stream.close)

        self._link.send(Request("PUT", f"{self._url}/{quote(name)}", opened, _RAW))

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for folder in FOLDERS:
            if not self._is_inside(self._work / folder):
                continue
            for parent, _, names in os.walk(self._work / folder):
                for name in sorted(names):
                    path = Path(parent, name)
                    # What goes away in this moment is no file of the run.
                    with contextlib.suppress(OSError):
                        status = path.stat()
                        if stat.S_ISREG(status.st_mode) and self._is_own(path):
                            yield path, status

    def _is_own(self, path: Path) -> bool:
        return not path.is_symlink() or self._is_inside(path)

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._work)


_RAW = {"content-type": "application/octet-stream"}


def _mark_of(status: os.stat_result) -> _Mark:
    return status.st_ino, status.st_size, status.st_mtime_ns
