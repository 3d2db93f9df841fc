"""Sets of files and snapshots between the wire and the domain."""

from collections.abc import Iterable

from zaffre_sdk.wire import files as wire

from zaffre.domain.files import FileEntry
from zaffre.domain.snapshots import Snapshot
from zaffre.protocols.native.translate.words import from_time


def to_files(files: Iterable[wire.FileEntry]) -> tuple[FileEntry, ...]:
    """Return the files, unchecked."""
    return tuple(FileEntry(file.path, file.digest, file.size, file.executable) for file in files)


def from_files(files: Iterable[FileEntry]) -> list[wire.FileEntry]:
    """Return the files as clients see them."""
    return [
        wire.FileEntry(
            path=file.path, digest=file.digest, size=file.size, executable=file.executable
        )
        for file in files
    ]


def from_snapshot(snapshot: Snapshot) -> wire.SnapshotOut:
    """Return the snapshot as clients see it."""
    return wire.SnapshotOut(
        id=snapshot.id,
        created_at=from_time(snapshot.created_at),
        files=from_files(snapshot.files),
    )
