"""What runners elsewhere are sent by the server itself: files under their digests."""

import contextlib
import os
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UNUSED_SECONDS: Final = 30 * 86_400.0


class Shelf:
    """A folder of such files; those that nobody was sent for a month are removed.

    They are anybody's: what is private to a workspace is not laid here.

    Args:
        folder: It is made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, files: Mapping[str, Path]) -> None:
        """Keep files, by digest."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for digest, path in files.items():
            kept = self.place(digest)
            try:
                os.utime(kept)
            except FileNotFoundError:
                _copy(path, kept)
        self._forget_unused()

    def find(self, digest: str) -> Path | None:
        """Return the file of a digest; None where there is none."""
        if not _DIGEST.fullmatch(digest):
            return None
        path = self.place(digest)
        return path if path.is_file() else None

    def place(self, digest: str) -> Path:
        """Return where the file of a digest lies, or would."""
        return self._folder / digest

    def _forget_unused(self) -> None:
        oldest = time.time() - _UNUSED_SECONDS
        for path in self._folder.iterdir():
            # Another launch renames its draft, or removes the same, at any time.
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _copy(path: Path, kept: Path) -> None:
    """Write a file whole or not at all: what lies under its digest is not looked into again."""
    draft = kept.with_name(f"{kept.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with path.open("rb") as source, draft.open("xb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(kept)
    finally:
        draft.unlink(missing_ok=True)
