"""A model: files under a name, version by version."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from zaffre.domain.files import FileEntry


class ModelStage(StrEnum):
    """Where a version stands on its way to use, as MLflow names it."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One version of a registered model; never changed but for tags, properties, description.

    Attributes:
        version: 1, 2, 3 … without gaps within the name.
        files: What was registered. Registering one file gives one entry with its base name;
            registering a folder gives entries below the folder's base name.
        framework: What the program said it was made with, such as `ScikitLearn`.
        run_id: The run whose output it is, if it came from one.
        source: Where the program said that it comes from; shown, never opened.
        run_link: An address that the program gave for its run; shown, never opened.
        logged_model_id: The logged model that it was registered from, if any.
        updated_at: When anything about it last changed.
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
    stage: ModelStage = ModelStage.NONE
    source: str = ""
    run_link: str = ""
    logged_model_id: str | None = None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """What all versions of one name share.

    Attributes:
        aliases: Words that stand for one version each, such as `champion`.
        last_version: The highest number that was ever given.
    """

    workspace_id: str
    name: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    last_version: int = 0
    created_at: datetime
    updated_at: datetime
