"""A model: files under a name, version by version."""

from dataclasses import dataclass, field
from datetime import datetime

from zaffre.domain.files import FileEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One version of a registered model; never changed but for tags, properties, description.

    Attributes:
        version: 1, 2, 3 … without gaps within the name.
        files: What was registered. Registering one file gives one entry with its base name;
            registering a folder gives entries below the folder's base name.
        framework: What the program said it was made with, such as `ScikitLearn`.
        run_id: The run whose output it is, if it came from one.
    """

    id: str
    workspace_id: str
    name: str
    version: int
    files: tuple[FileEntry, ...]
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    description: str = ""
    framework: str = ""
    framework_version: str = ""
    run_id: str | None = None
    experiment_name: str | None = None
    created_by: str = ""
    created_at: datetime
