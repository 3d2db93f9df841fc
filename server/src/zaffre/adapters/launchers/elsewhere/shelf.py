"""What runners elsewhere are sent by the server itself: files under their digests."""

import os
import re
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UNUSED_SECONDS: Final = 30 * 86_400.0


class Shelf:
    """A folder of such files; those that nobody was sent for a month are removed.

    Args:
        folder: It is made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, files: Mapping[str, Path]) -> None:
        """Keep files, by digest."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._forget_unused()
        for digest, path in files.items():
            kept = self.place(digest)
            if kept.exists():
                os.utime(kept)
                continue
            draft = self._draft(kept)
            shutil.copyfile(path, draft)
            draft.replace(kept)

    async def bring(self, digest: str, copy: Callable[[str, Path], Awaitable[None]]) -> Path:
        """Keep the bytes of a digest, which `copy` writes to a file; return where they lie."""
        kept = self.place(digest)
        if kept.exists():
            os.utime(kept)
            return kept
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._draft(kept)
        await copy(digest, draft)
        draft.replace(kept)
        return kept

    def find(self, digest: str) -> Path | None:
        """Return the file of a digest; None where there is none."""
        if not _DIGEST.fullmatch(digest):
            return None
        path = self.place(digest)
        return path if path.is_file() else None

    def place(self, digest: str) -> Path:
        """Return where the file of a digest lies, or would."""
        return self._folder / digest

    def _draft(self, kept: Path) -> Path:
        return kept.with_name(f"{kept.name}.{os.getpid()}.{os.urandom(4).hex()}")

    def _forget_unused(self) -> None:
        oldest = time.time() - _UNUSED_SECONDS
        for path in self._folder.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
