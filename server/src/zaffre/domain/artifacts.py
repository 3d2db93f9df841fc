"""An artifact: a file that a run left behind."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file of one run, at a path that is unique there.

    Attributes:
        path: Relative, such as `outputs/model.pkl`.
        digest: SHA-256 of the bytes.
        size: Bytes.
    """

    run_id: str
    path: str
    digest: str
    size: int
    created_at: datetime


class OwnerKind(StrEnum):
    """What besides runs has files of its own."""

    LOGGED_MODEL = "logged_model"
    TRACE = "trace"


@dataclass(frozen=True, slots=True)
class FileOwner:
    """A thing of one workspace that has files."""

    workspace_id: str
    kind: OwnerKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedFile:
    """A file of a thing that is not a run, at a path that is unique there.

    Attributes:
        path: Relative, such as `MLmodel`.
        digest: SHA-256 of the bytes.
        size: Bytes.
    """

    path: str
    digest: str
    size: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Child:
    """What lies directly in a folder: a file, or a folder with at least one file below it.

    Attributes:
        size: Of a file; None of a folder.
    """

    name: str
    is_folder: bool
    size: int | None = None


@dataclass(frozen=True, slots=True)
class DoomedBlob:
    """Bytes that lost a name: removed unless another one is found for them."""

    digest: str
    size: int
