"""Sets of files on the wire: snapshots and what models are made of."""

import msgspec

from zaffre_sdk.wire.shapes import In, Out


class FileEntry(In):
    """One file of a set; paths have forward slashes and stay inside."""

    path: str
    digest: str
    size: int
    executable: bool = False


class DigestsIn(In):
    """Ask which of these the workspace has not been sent yet (at most 10,000)."""

    digests: list[str]


class DigestsOut(Out):
    """The digests that are missing, in the order in which they were asked for."""

    missing: list[str]


class BlobOut(Out):
    """What was stored."""

    digest: str
    size: int


class SnapshotIn(In):
    """A source folder; every blob must have been sent to the workspace before."""

    files: list[FileEntry]


class SnapshotOut(Out):
    """A snapshot; equal folders have equal ids."""

    id: str
    created_at: float
    files: list[FileEntry] = msgspec.field(default_factory=list)
