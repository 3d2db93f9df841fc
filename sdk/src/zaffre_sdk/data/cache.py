"""Far files that programs read, kept on this machine until they change where they are."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zaffre_sdk.data.contract import Fetch
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home

if TYPE_CHECKING:
    from zaffre_sdk.data.contract import Files
    from zaffre_sdk.data.listed import ListedFile
    from zaffre_sdk.wire.datastores import DataFile

BYTES_VARIABLE = "ZAFFRE_DATA_CACHE_BYTES"
_MOST_BYTES = 20 * 1024**3
# Nobody keeps a file waiting for so long between finding and opening it.
_IN_USE_SECONDS = 24 * 3600.0
_LONGEST_SUFFIX = 16


class DataCache:
    """A folder of fetched files, each under a name made of where it came from and its mark.

    A file that says nothing by which a change could be seen is fetched anew each time.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Home.default().cache_path / "data"

    def local(self, listed: Sequence[ListedFile]) -> list[Path]:
        """Return where the bytes of each file lie on this machine; fetch those that do not."""
        found = [one.local_path or self._path(one.files, one.file) for one in listed]
        missing: dict[int, tuple[Files, dict[Path, Fetch]]] = {}
        for one, path in zip(listed, found):
            if one.local_path is None and not self._has(path, one.file):
                _, wanted = missing.setdefault(id(one.files), (one.files, {}))
                wanted[path] = Fetch(one.file, path)
        if missing:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for files, wanted in missing.values():
                files.fetch(list(wanted.values()))
            self._prune()
        return found

    def _path(self, files: Files, file: DataFile) -> Path:
        told = [files.origin, file.path, file.mark, str(file.size)]
        name = hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()[:40]
        # Engines look at the end of a name to see what is in a file.
        suffix = PurePosixPath(file.path.partition("?")[0]).suffix
        plain = suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= _LONGEST_SUFFIX
        return self._folder / f"{name}{suffix if plain else ''}"

    def _has(self, path: Path, file: DataFile) -> bool:
        if not file.mark:
            return False
        with contextlib.suppress(OSError):
            os.utime(path)
            return True
        return False

    def _prune(self) -> None:
        """Forget the files that were not used for longest, while all of them are too much."""
        most = _most_bytes()
        with os.scandir(self._folder) as entries:
            kept = [
                (status.st_mtime, status.st_size, entry.path)
                for entry in entries
                if (status := _status(entry)) is not None
            ]
        total = sum(size for _, size, _ in kept)
        for used, size, path in sorted(kept):
            if total <= most or used > time.time() - _IN_USE_SECONDS:
                return
            Path(path).unlink(missing_ok=True)
            total -= size


def _most_bytes() -> int:
    text = os.environ.get(BYTES_VARIABLE) or str(_MOST_BYTES)
    try:
        return int(text)
    except ValueError as error:
        raise SdkError(f"`{BYTES_VARIABLE}` is `{text}`. Give a number of bytes.") from error


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None  # It went away meanwhile.
