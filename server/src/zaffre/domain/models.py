"""A model: files under a name, version by version."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.files import FileEntry
from zaffre.domain.names import MODEL
from zaffre.domain.paths import check_path

PROMPT_TAG: Final = "mlflow.prompt.is_prompt"
"""The tag by which MLflow programs tell a prompt from a model."""


class ModelStage(StrEnum):
    """Where a version stands on its way to use, as MLflow names it."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"

    @classmethod
    def of(cls, word: str) -> "ModelStage":
        """Return the stage of that name, whatever its case.

        Raises:
            InvalidError: `InvalidStage`.
        """
        for stage in cls:
            if stage.value.lower() == word.lower():
                return stage
        raise InvalidError(
            "InvalidStage",
            f"Invalid Model Version stage: {shown(word)}.",
            target="stage",
            hint=f"Value must be one of {', '.join(cls)}.",
        )


@dataclass(frozen=True, slots=True)
class ModelDataset:
    """A dataset that a model came of, or was measured on.

    Attributes:
        name: What it was for, such as `training`.
        dataset_id: The version.
    """

    name: str
    dataset_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One version of a registered model.

    Its files never change; tags, properties, description and stage may, and datasets be added.

    Attributes:
        version: 1, 2, 3 … without gaps within the name.
        files: What was registered. Registering one file gives one entry with its base name;
            registering a folder gives entries below the folder's base name. Empty for a prompt,
            and for a source that had no files.
        framework: What the program said it was made with, such as `ScikitLearn`.
        run_id: The run whose output it is, if it came from one.
        source: Where the program said that it comes from; shown, never opened.
        run_link: An address that the program gave for its run; shown, never opened.
        logged_model_id: The logged model that it was registered from, if any.
        updated_at: When anything about it last changed.
        datasets: What it came of and was measured on, as its program said.
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
    datasets: tuple[ModelDataset, ...] = ()

    def files_inside(self) -> tuple[FileEntry, ...]:
        """Return the files as they lie inside the folder that was registered."""
        tops = {file.path.partition("/")[0] for file in self.files}
        if len(tops) != 1 or any("/" not in file.path for file in self.files):
            return self.files
        return tuple(replace(file, path=file.path.partition("/")[2]) for file in self.files)


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

    @property
    def is_prompt(self) -> bool:
        """Whether it is a prompt, of which MLflow programs keep versions as of models."""
        return is_prompt(self.tags)

    def aliases_of(self, version: int) -> list[str]:
        """Return the aliases of one version."""
        return sorted(alias for alias, aliased in self.aliases.items() if aliased == version)


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Return whether tags are those of a prompt."""
    return tags.get(PROMPT_TAG, "").lower() == "true"


def check_model_name(name: str) -> str:
    """Return the name; it is also the name of a folder, on every system.

    Raises:
        InvalidError: `InvalidName` or `InvalidPath`.
    """
    return check_path(MODEL.check(name), target="name")
