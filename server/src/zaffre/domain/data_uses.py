"""That a run read or made data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class UseDirection(StrEnum):
    """Whether the data was there before the run, or came of it."""

    INPUT = "input"
    OUTPUT = "output"


class UseMode(StrEnum):
    """How the program of the run met the data."""

    DIRECT = "direct"
    DOWNLOAD = "download"
    MOUNT = "mount"
    HDFS = "hdfs"
    UPLOAD = "upload"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUse:
    """One reading or making, by its name within the run.

    Attributes:
        name: As the run knows it; with the direction it says which use of the run it is.
        at: When it was told first.
        dataset_id: The version; None for a bare path of a datastore.
        path_on_compute: Where it lay for the program, on the machine of the run.
    """

    name: str
    direction: UseDirection
    mode: UseMode = UseMode.DIRECT
    at: datetime
    dataset_id: str | None = None
    datastore: str | None = None
    path: str | None = None
    path_on_compute: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUse:
    """A use with the run whose it is and the dataset as people call it.

    Attributes:
        dataset_name: None when the dataset has none.
    """

    use: DataUse
    run_id: str
    experiment_name: str
    dataset_name: str | None = None
    dataset_version: int | None = None
