"""Models on the wire."""

from typing import Optional

import msgspec

from zaffre_sdk.wire.files import FileEntry
from zaffre_sdk.wire.shapes import In, Out


class ModelDataset(In):
    """A dataset that a model came of, or was measured on.

    Attributes:
        name: What it was for, such as `training`; several may be for the same.
        dataset_id: The version.
    """

    name: str
    dataset_id: str


class ModelIn(In):
    """Register the next version of a model.

    Either `files`, whose blobs were sent to the workspace before, or `run_id` with `run_path`: a
    file or a folder among the artifacts of that run.
    """

    name: str
    files: list[FileEntry] = msgspec.field(default_factory=list)
    run_id: Optional[str] = None
    run_path: Optional[str] = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    properties: dict[str, str] = msgspec.field(default_factory=dict)
    description: str = ""
    framework: str = ""
    framework_version: str = ""
    datasets: list[ModelDataset] = msgspec.field(default_factory=list)


class ModelChange(In):
    """Change what is given; a tag of None is removed; properties and datasets are only added."""

    description: Optional[str] = None
    tags: Optional[dict[str, Optional[str]]] = None
    properties: Optional[dict[str, str]] = None
    datasets: list[ModelDataset] = msgspec.field(default_factory=list)


class ModelOut(Out):
    """One version of a registered model; `id` is `name:version`."""

    id: str
    workspace_id: str
    name: str
    version: int
    files: list[FileEntry]
    tags: dict[str, str]
    properties: dict[str, str]
    description: str
    framework: str
    framework_version: str
    run_id: Optional[str]
    experiment_name: Optional[str]
    created_by: str
    created_at: float
    datasets: list[ModelDataset] = msgspec.field(default_factory=list)


class ModelList(Out):
    """A page of model versions, newest first; `next` continues it, None ends it."""

    value: list[ModelOut]
    next: Optional[str] = None
