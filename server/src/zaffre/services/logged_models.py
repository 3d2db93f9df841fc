"""Use cases of logged models: what runs made and described."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import NotFoundError
from zaffre.domain.labels import change_tags, check_labels, check_text
from zaffre.domain.logged_models import (
    LoggedModel,
    LoggedModelMetric,
    LoggedModelStatus,
    ModelDirection,
    RunModel,
    check_params,
)
from zaffre.domain.names import LOGGED_MODEL, TAG
from zaffre.domain.run_names import run_name
from zaffre.ports.registry import LoggedModelSearch
from zaffre.ports.stores import Stores
from zaffre.services.access import check_maker, seen_workspace, writable_run
from zaffre.services.context import Context

_ID_PREFIX = "m-"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoggedModel:
    """What a program says of a logged model to be; without a name it is given one."""

    experiment_id: str
    name: str | None = None
    model_type: str = ""
    run_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasuredModel:
    """A logged model and what was measured of it."""

    model: LoggedModel
    metrics: Sequence[LoggedModelMetric] = ()


class LoggedModelService:
    """Use cases of logged models, within one transaction.

    The token of a run changes what that run made.
    """

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def create(
        self, workspace_id: str, new: NewLoggedModel, *, caller: Principal
    ) -> MeasuredModel:
        """Begin a logged model; its files come next, and then its last status.

        Raises:
            NotFoundError: `ExperimentNotFound` or `RunNotFound`.
            ConflictError: `ExperimentArchived`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        experiment = self._stores.experiments.get(workspace_id, new.experiment_id)
        experiment.check_listed()
        if new.run_id:
            writable_run(self._stores, workspace_id, new.run_id, caller=caller)
        now = self._context.clock.now()
        new_id = self._context.new_id()
        model = LoggedModel(
            id=f"{_ID_PREFIX}{new_id}",
            workspace_id=workspace_id,
            experiment_id=experiment.id,
            name=LOGGED_MODEL.check(new.name) if new.name else run_name(new_id),
            model_type=check_text(new.model_type, target="model_type"),
            run_id=new.run_id or None,
            tags=check_labels(new.tags, target="tags"),
            params=check_params(new.params),
            created_by=caller.name,
            created_at=now,
            updated_at=now,
        )
        self._stores.logged_models.add(model)
        return MeasuredModel(model)

    def get(
        self,
        workspace_id: str,
        model_id: str,
        *,
        caller: Principal,
        archived_too: bool = False,
    ) -> MeasuredModel:
        """Return it with what was measured; raises `LoggedModelNotFound`."""
        model = self._get(workspace_id, model_id, caller, archived_too=archived_too)
        return self._measured([model])[0]

    def search(
        self, workspace_id: str, search: LoggedModelSearch, *, caller: Principal
    ) -> list[MeasuredModel]:
        """Return those that are not archived."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._measured(self._stores.logged_models.search(workspace_id, search))

    def finish(
        self, workspace_id: str, model_id: str, status: LoggedModelStatus, *, caller: Principal
    ) -> MeasuredModel:
        """Say whether its files are all there."""
        model = self._writable(workspace_id, model_id, caller)
        return self._save(replace(model, status=status))

    def archive(self, workspace_id: str, model_id: str, *, caller: Principal) -> None:
        """Put it away; versions that were registered from it stay as they are."""
        model = self._writable(workspace_id, model_id, caller)
        self._save(replace(model, archived_at=self._context.clock.now()))

    def tag(
        self,
        workspace_id: str,
        model_id: str,
        changes: Mapping[str, str | None],
        *,
        caller: Principal,
    ) -> MeasuredModel:
        """Change tags; a tag of None is removed.

        Raises:
            NotFoundError: `TagNotFound`, for a tag to remove that is not there.
        """
        model = self._writable(workspace_id, model_id, caller)
        for key, value in changes.items():
            if value is None and TAG.normal(key) not in model.tags:
                raise NotFoundError(
                    "TagNotFound",
                    f"No tag with key {shown(key)} found for model with ID {shown(model_id)}.",
                    target="tag_key",
                )
        return self._save(replace(model, tags=change_tags(model.tags, changes)))

    def log_params(
        self, workspace_id: str, model_id: str, params: Mapping[str, str], *, caller: Principal
    ) -> None:
        """Add params.

        Raises:
            ConflictError: `ParamExists`.
        """
        model = self._writable(workspace_id, model_id, caller)
        self._save(model.add_params(params, at=self._context.clock.now()))

    def log_metrics(
        self,
        workspace_id: str,
        metrics: Sequence[tuple[str, LoggedModelMetric]],
        *,
        caller: Principal,
    ) -> None:
        """Keep what a run measured of logged models, each named by its id.

        Raises:
            NotFoundError: `LoggedModelNotFound`.
        """
        measured: dict[str, list[LoggedModelMetric]] = {}
        for model_id, metric in metrics:
            measured.setdefault(model_id, []).append(metric)
        for model_id, some in measured.items():
            model = self._get(workspace_id, model_id, caller)
            self._stores.logged_models.add_metrics(model, some)

    def link(
        self,
        workspace_id: str,
        run_id: str,
        links: Sequence[RunModel],
        *,
        caller: Principal,
    ) -> None:
        """Note which logged models a run made or read.

        Raises:
            NotFoundError: `RunNotFound` or `LoggedModelNotFound`.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        for link in links:
            self._get(workspace_id, link.model_id, caller)
        self._stores.logged_models.link(run, links)

    def link_inputs(
        self, workspace_id: str, run_id: str, model_ids: Sequence[str], *, caller: Principal
    ) -> None:
        """Note which logged models a run read; raises as `link`."""
        read = [RunModel(ModelDirection.INPUT, model_id) for model_id in model_ids]
        self.link(workspace_id, run_id, read, caller=caller)

    def _get(
        self,
        workspace_id: str,
        model_id: str,
        caller: Principal,
        *,
        archived_too: bool = False,
    ) -> LoggedModel:
        seen_workspace(self._stores, workspace_id, caller=caller)
        model = self._stores.logged_models.get(workspace_id, model_id)
        if model.archived_at is not None and not archived_too:
            raise NotFoundError(
                "LoggedModelNotFound",
                f"Logged model with ID '{model_id}' not found.",
                target="model_id",
                hint="It was deleted; ask with `allow_deleted` to see it all the same.",
            )
        return model

    def _writable(self, workspace_id: str, model_id: str, caller: Principal) -> LoggedModel:
        model = self._get(workspace_id, model_id, caller)
        check_maker(caller, model.created_by, "logged model", model_id)
        return model

    def _save(self, model: LoggedModel) -> MeasuredModel:
        changed = replace(model, updated_at=self._context.clock.now())
        self._stores.logged_models.save(changed)
        return self._measured([changed])[0]

    def _measured(self, models: Sequence[LoggedModel]) -> list[MeasuredModel]:
        metrics = self._stores.logged_models.metrics(models)
        return [MeasuredModel(model, metrics[model.id]) for model in models]
