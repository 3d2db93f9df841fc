"""The files of runs on the wire."""

from typing import Optional

from zaffre_sdk.wire.shapes import In, Out


class ArtifactOut(Out):
    """A file of a run."""

    path: str
    digest: str
    size: int
    created_at: float


class ArtifactIn(In):
    """Put bytes that the workspace was sent already at a path of the run."""

    path: str
    digest: str


class ArtifactList(Out):
    """A page of artifacts by path; `next` continues it, None ends it."""

    value: list[ArtifactOut]
    next: Optional[str] = None


class LogOut(Out):
    """A log file of a run and how many bytes of it there are."""

    path: str
    size: int


class LogList(Out):
    """The log files of a run, by path."""

    value: list[LogOut]
