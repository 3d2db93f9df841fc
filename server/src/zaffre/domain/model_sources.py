"""Where the files of a new version of a model come from: always something that we keep."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunSource:
    """Artifacts of a run.

    Attributes:
        path: A file or a folder; empty means all of them.
    """

    run_id: str
    path: str


@dataclass(frozen=True, slots=True)
class LoggedModelSource:
    """Files of a logged model.

    Attributes:
        path: A file or a folder; empty means all of them.
    """

    model_id: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class VersionSource:
    """The files of another version.

    Attributes:
        pointer: Its number, its alias, its stage, or `latest`.
        is_alias: Whether the pointer is an alias.
    """

    name: str
    pointer: str
    is_alias: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class PromptSource:
    """Nothing: a prompt is its tags."""


ModelSource = RunSource | LoggedModelSource | VersionSource | PromptSource
