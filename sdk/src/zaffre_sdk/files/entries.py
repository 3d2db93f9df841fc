"""Files that are to be sent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from zaffre_sdk.files.paths import portable
from zaffre_sdk.wire.files import FileEntry


class LocalFile(msgspec.Struct, frozen=True):
    """A file to send: what it is called there, and where its bytes are here."""

    entry: FileEntry
    source: Path | bytes


def local_bytes(path: str, data: bytes) -> LocalFile:
    """Return bytes in memory as a file to send."""
    digest = hashlib.sha256(data).hexdigest()
    return LocalFile(FileEntry(path=portable(path), digest=digest, size=len(data)), data)
