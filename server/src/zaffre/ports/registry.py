"""The stores of models, of their names, and of logged models; the contract is that of `stores`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from zaffre.domain.logged_models import LoggedModel, LoggedModelMetric, RunModel
from zaffre.domain.models import Model, ModelStage, RegisteredModel
from zaffre.domain.runs import Run
from zaffre.domain.search import Condition, OrderKey


class ModelField(StrEnum):
    """The fields of models and their versions that can be searched."""

    NAME = "name"
    VERSION = "version"
    RUN_ID = "run_id"
    SOURCE = "source"
    CREATED = "created_at"
    """Numbers are milliseconds since the epoch."""
    UPDATED = "updated_at"
    """Numbers are milliseconds since the epoch."""


class LoggedModelField(StrEnum):
    """The fields of logged models that can be searched."""

    ID = "id"
    NAME = "name"
    TYPE = "model_type"
    STATUS = "status"
    STATUS_MESSAGE = "status_message"
    RUN_ID = "run_id"
    EXPERIMENT_ID = "experiment_id"
    CREATED = "created_at"
    """Numbers are milliseconds since the epoch."""
    UPDATED = "updated_at"
    """Numbers are milliseconds since the epoch."""


TIMES: Final = frozenset({"created_at", "updated_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSearch:
    """Which registered models or versions to find, and in which order.

    Attributes:
        order: First things first; the store adds what makes the order complete.
        prompts: Whether to find prompts too; otherwise there are none among the answers.
        offset: How many to pass over.
    """

    conditions: Sequence[Condition] = ()
    order: Sequence[OrderKey] = ()
    prompts: bool = False
    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset on which something was measured; of any name or digest when it has none."""

    name: str | None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModelSearch:
    """Which logged models to find, and in which order; without one the newest come first.

    Attributes:
        order: Each with the dataset on which a metric was measured, if it matters.
        datasets: Conditions on metrics ask for one that was measured on one of these; without
            such conditions, those with any metric on them are found.
        offset: How many to pass over.
    """

    experiment_ids: Sequence[str]
    conditions: Sequence[Condition] = ()
    order: Sequence[tuple[OrderKey, Dataset | None]] = ()
    datasets: Sequence[Dataset] = ()
    limit: int
    offset: int = 0


class ModelStore(Protocol):
    """Versions of models."""

    def add(self, model: Model) -> Model:
        """Add a version and return it with its number: one more than the highest ever given.

        The name becomes a registered model when it is none.
        """

    def get(self, workspace_id: str, model_id: str) -> Model:
        """Return it by its id; raises `ModelNotFound`."""

    def find(self, workspace_id: str, name: str, version: int | None) -> Model | None:
        """Return that version, or the newest."""

    def list(  # noqa: PLR0913 - one parameter for each filter
        self,
        workspace_id: str,
        *,
        name: str | None = None,
        run_id: str | None = None,
        newest_only: bool = False,
        prompts: bool = True,
        limit: int,
        after: str | None = None,
    ) -> list[Model]:
        """Return versions newest first, those older than the model id `after`.

        With `prompts` those of prompts are among them.
        """

    def search(self, workspace_id: str, search: ModelSearch) -> Sequence[Model]:
        """Return versions without their files, those changed last first unless ordered."""

    def newest_by_stage(self, workspace_id: str, names: Sequence[str]) -> Sequence[Model]:
        """Return the newest version of each name and stage, without files, by name and stage."""

    def in_stage(self, workspace_id: str, name: str, stage: ModelStage) -> Sequence[Model]:
        """Return the versions of that name in that stage, without files."""

    def save(self, model: Model) -> None:
        """Replace tags, properties, description, stage, datasets and the time of the change."""

    def remove(self, model: Model) -> None:
        """Remove this version and its aliases; its number is not given again."""


class RegisteredModelStore(Protocol):
    """The names that versions are kept under.

    A removed name is forgotten but for the highest number that it gave out.
    """

    def add(self, model: RegisteredModel) -> RegisteredModel:
        """Add it and return it with its last number; raises `ConflictError` `ModelExists`."""

    def get(self, workspace_id: str, name: str) -> RegisteredModel:
        """Return it; raises `ModelNotFound`."""

    def find(self, workspace_id: str, name: str) -> RegisteredModel | None:
        """Return the registered model of that name."""

    def named(self, workspace_id: str, names: Iterable[str]) -> dict[str, RegisteredModel]:
        """Return those of the names that there are."""

    def search(self, workspace_id: str, search: ModelSearch) -> list[RegisteredModel]:
        """Return them by name unless ordered."""

    def save(self, model: RegisteredModel) -> None:
        """Replace description, tags, aliases and the time of the last change."""

    def skip_to(self, model: RegisteredModel, version: int) -> None:
        """Give out no number up to `version` any more."""

    def rename(self, model: RegisteredModel, new: RegisteredModel) -> None:
        """Move it and its versions to the name of `new`; raises `ConflictError` `ModelExists`."""

    def remove(self, model: RegisteredModel) -> None:
        """Remove it with its versions and aliases."""


class LoggedModelStore(Protocol):
    """What runs made and described."""

    def add(self, model: LoggedModel) -> None:
        """Add it."""

    def get(self, workspace_id: str, model_id: str) -> LoggedModel:
        """Return it, archived or not; raises `LoggedModelNotFound`."""

    def experiment_name(self, model: LoggedModel) -> str:
        """Return the name of the experiment that it belongs to."""

    def search(self, workspace_id: str, search: LoggedModelSearch) -> list[LoggedModel]:
        """Return those that are not archived."""

    def exists(self, workspace_id: str) -> bool:
        """Tell whether the workspace has any, archived or not."""

    def save(self, model: LoggedModel) -> None:
        """Replace status, tags, params and times."""

    def add_metrics(self, model: LoggedModel, metrics: Iterable[LoggedModelMetric]) -> None:
        """Keep what was measured."""

    def metrics(self, models: Sequence[LoggedModel]) -> dict[str, list[LoggedModelMetric]]:
        """Return what was measured of each, by model id, in order of arrival."""

    def link(self, run: Run, links: Iterable[RunModel]) -> None:
        """Note that the run made or read these; once each, the last step counts."""

    def links(self, runs: Sequence[Run]) -> dict[str, list[RunModel]]:
        """Return what each run made and read, by run id; those without are left out."""
