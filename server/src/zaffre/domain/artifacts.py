"""An artifact: a file that a run left behind."""

from dataclasses import dataclass
from datetime import datetime


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
