"""What a store of MLflow holds, as the sources hand it on; times are milliseconds."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Point(NamedTuple):
    """One value of a metric."""

    name: str
    value: float
    time: int
    step: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of something.

    Attributes:
        path: Where in it.
        fetch: Gives the bytes as a file of this machine, for as long as they are needed.
    """

    path: str
    fetch: Callable[[], AbstractContextManager[Path]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An experiment."""

    id: str
    name: str
    place: str = ""
    is_deleted: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRef:
    """What is known of a run before it is read.

    Attributes:
        within: What its source needs to read it.
    """

    id: str
    experiment: Experiment
    parent_id: str | None = None
    started_at: int = 0
    within: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Something that a run read."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run.

    Attributes:
        status: As MLflow names it.
        place: Where its files are said to be.
        read_models: Ids of logged models.
        made_models: Ids of logged models, each with the step.
    """

    ref: RunRef
    name: str
    status: str
    ended_at: int | None = None
    is_deleted: bool = False
    place: str = ""
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    read_models: tuple[str, ...] = ()
    made_models: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number that was measured of a logged model."""

    name: str
    value: float
    time: int
    step: int
    run_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """A logged model."""

    id: str
    experiment: Experiment
    name: str
    status: str
    created_at: int
    updated_at: int
    place: str = ""
    status_message: str = ""
    model_type: str = ""
    run_id: str | None = None
    is_deleted: bool = False
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    within: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a registered model or of a prompt."""

    name: str
    version: int
    created_at: int
    updated_at: int
    source: str = ""
    run_id: str | None = None
    run_link: str = ""
    logged_model_id: str | None = None
    place: str = ""
    stage: str = "None"
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """A registered model, or a prompt, with its versions from the first to the last."""

    name: str
    created_at: int
    updated_at: int
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A trace, in the words of version 3 of MLflow's API.

    Attributes:
        info: Without its assessments.
        spans: As OTLP's JSON has them.
        assessments: As they are sent.
    """

    id: str
    experiment: Experiment
    info: dict[str, Any]
    spans: tuple[dict[str, Any], ...] = ()
    assessments: tuple[dict[str, Any], ...] = ()
