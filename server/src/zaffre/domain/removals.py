"""Removals: things that are deleted for good, piece by piece."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RemovalKind(StrEnum):
    """What is removed."""

    RUN = "run"
    EXPERIMENT = "experiment"
    SNAPSHOT = "snapshot"
    """A source folder that no run and no endpoint uses any more."""
    WORKSPACE = "workspace"
    """The files of the datastores that came with a workspace, which itself is gone by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Something that is being removed; the note stays until nothing of it is left."""

    workspace_id: str
    kind: RemovalKind
    target_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How much was removed, or would be.

    Attributes:
        metrics: Logged entries.
        bytes_freed: What the disk got back: bytes that something else names do not count.
        bytes_pending: Bytes that nothing names any more, and that were sent only just now; they
            are removed within minutes.
    """

    runs: int = 0
    artifacts: int = 0
    metrics: int = 0
    bytes_freed: int = 0
    bytes_pending: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        """Return the sum."""
        return Removed(
            runs=self.runs + other.runs,
            artifacts=self.artifacts + other.artifacts,
            metrics=self.metrics + other.metrics,
            bytes_freed=self.bytes_freed + other.bytes_freed,
            bytes_pending=self.bytes_pending + other.bytes_pending,
        )


@dataclass(frozen=True, slots=True)
class Slice:
    """What one transaction removed of something, and whether nothing of it is left."""

    removed: Removed
    done: bool
