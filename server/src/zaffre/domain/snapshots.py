"""A snapshot: the source folder of a run or a deployment as it was."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from zaffre.domain.files import FileEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A set of files in a workspace, identified by its content: equal folders are one snapshot."""

    id: str
    workspace_id: str
    files: tuple[FileEntry, ...]
    created_at: datetime


def snapshot_id(files: Iterable[FileEntry]) -> str:
    """Return the id that the content has: SHA-256 over the ordered, checked files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path}\0{file.digest}\0{int(file.executable)}\n".encode())
    return digest.hexdigest()
