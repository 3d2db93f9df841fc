"""Digests of local files, remembered so that unchanged files are not read again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from zaffre_sdk.errors import ChangedWhileReadingError, SourceError
from zaffre_sdk.files.walking import Found
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire import decoding

_CHUNK_BYTES = 1024 * 1024
# A file written to this shortly before it was hashed may be written to again within the same
# tick of the clock, without any sign of it; it is hashed afresh next time.
_SETTLED_NANOSECONDS = 2_000_000_000

Marks = tuple[int, int, int, int]


class _Known(msgspec.Struct, array_like=True):
    marks: Marks
    digest: str


class DigestCache:
    """What the digests of one folder's files were, by the marks that a change leaves."""

    def __init__(self, cache_folder: Path, root: Path) -> None:
        name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]
        self._path = cache_folder / "digests" / name
        self._known = self._load()

    def digests(self, files: Sequence[Found]) -> list[str]:
        """Return the digest of each file, read in parallel where it is not known.

        Raises:
            ChangedWhileReadingError: A file was written to meanwhile.
            SourceError: A file cannot be read.
        """
        # The moment before the first byte is read: what is written later has a later mark.
        settled = time.time_ns() - _SETTLED_NANOSECONDS
        digests = parallel(self._digest, files)
        self._save(files, digests, settled=settled)
        return digests

    def _digest(self, file: Found) -> str:
        known = self._known.get(file.path)
        if known is not None and known.marks == _marks(file.stat):
            return known.digest
        return file_digest(file.source, file.stat)

    def _load(self) -> dict[str, _Known]:
        try:
            return decoding.from_msgpack(self._path.read_bytes(), dict[str, _Known])
        except (OSError, msgspec.DecodeError):
            return {}

    def _save(self, files: Sequence[Found], digests: Sequence[str], *, settled: int) -> None:
        known = {
            file.path: _Known(_marks(file.stat), digests[index])
            for index, file in enumerate(files)
            if file.stat.st_mtime_ns < settled
        }
        if known == self._known:
            return
        draft = self._path.with_name(f"{self._path.name}.{os.urandom(4).hex()}")
        # A cache that cannot be written costs time, never the submission.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                draft.write_bytes(msgspec.msgpack.encode(known))
                draft.replace(self._path)
            finally:
                draft.unlink(missing_ok=True)


def file_digest(path: Path, before: os.stat_result) -> str:
    """Return the digest of a file that is as it was in `before`.

    Raises:
        ChangedWhileReadingError: It was written to meanwhile.
        SourceError: It cannot be read.
    """
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                found.update(chunk)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise SourceError(f"`{path}` cannot be read: {error.strerror}.") from error
    if _marks(after) != _marks(before):
        raise ChangedWhileReadingError(
            f"`{path}` changed while reading. Send it again when nothing writes to it."
        )
    return found.hexdigest()


def _marks(stat: os.stat_result) -> Marks:
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
