"""Use cases of imports: models that were made elsewhere keep their numbers, ids and times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError, ForbiddenError, NotFoundError
from zaffre.domain.files import FileEntry, check_files
from zaffre.domain.labels import check_labels, check_text
from zaffre.domain.logged_models import (
    LoggedModel,
    LoggedModelMetric,
    LoggedModelStatus,
    check_params,
)
from zaffre.domain.models import Model, ModelStage, RegisteredModel, check_model_name
from zaffre.domain.names import ALIAS, LOGGED_MODEL, RUN
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context
from zaffre.services.snapshots import check_sent

_LAST_NUMBER: Final = 999_999_999


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to.

    Attributes:
        is_new: Whether it was made now.
        is_pending: Whether something of it is still to come.
    """

    id: str
    is_new: bool
    is_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OldVersion:
    """A version as it was elsewhere."""

    name: str
    version: int
    created_at: datetime
    updated_at: datetime
    files: tuple[FileEntry, ...] = ()
    source: str = ""
    run_id: str | None = None
    run_link: str = ""
    logged_model_id: str | None = None
    stage: str = ModelStage.NONE
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Sequence[str] = ()


class ImportService:
    """Use cases of imports, within one transaction; for people, not for the tokens of runs."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def registered_model(self, old: RegisteredModel, *, caller: Principal) -> Imported:
        """Create a registered model without aliases; one that is there stays as it is.

        Raises:
            ForbiddenError: `Forbidden`, for the token of a run.
        """
        self._check(old.workspace_id, caller)
        name = check_model_name(old.name)
        if self._stores.registered_models.find(old.workspace_id, name) is not None:
            return Imported(name, is_new=False)
        checked = replace(
            old,
            name=name,
            aliases={},
            description=check_text(old.description, target="description"),
            tags=check_labels(old.tags, target="tags"),
        )
        self._stores.registered_models.add(checked)
        return Imported(name, is_new=True)

    def version(self, workspace_id: str, old: OldVersion, *, caller: Principal) -> Imported:
        """Create a version under its number, with those of its aliases that name no other.

        The same one again changes nothing.

        Raises:
            ConflictError: `VersionTaken`: another version has the number, or had it once.
            ForbiddenError: `Forbidden`, for the token of a run.
            NotFoundError: `ModelNotFound`.
            PreconditionError: `BlobMissing` or `SizeMismatch`.
        """
        self._check(workspace_id, caller)
        registered = self._stores.registered_models.get(workspace_id, old.name)
        present = self._stores.models.find(workspace_id, registered.name, old.version)
        if present is not None and present.created_at == old.created_at:
            return Imported(present.id, is_new=False)
        if present is not None or not registered.last_version < old.version <= _LAST_NUMBER:
            raise ConflictError(
                "VersionTaken",
                f"The number {old.version} of {shown(registered.name)} is taken, or was.",
                target="version",
                hint=f"The next free number is {registered.last_version + 1}.",
            )
        files = check_files(old.files) if old.files else ()
        check_sent(self._stores, workspace_id, files)
        self._stores.registered_models.skip_to(registered, old.version - 1)
        added = self._stores.models.add(self._model(registered, old, files, caller))
        named = {ALIAS.check(alias): old.version for alias in old.aliases}
        self._stores.registered_models.save(
            replace(registered, aliases={**named, **registered.aliases})
        )
        return Imported(added.id, is_new=True)

    def logged_model(
        self, old: LoggedModel, measured: Sequence[LoggedModelMetric], *, caller: Principal
    ) -> Imported:
        """Create a logged model under its id; one that is pending gets its status and measures.

        Raises:
            ConflictError: `LoggedModelExists`, in another experiment.
            ForbiddenError: `Forbidden`, for the token of a run.
            NotFoundError: `ExperimentNotFound`.
        """
        self._check(old.workspace_id, caller)
        self._stores.experiments.get(old.workspace_id, old.experiment_id)
        found = self._find(old)
        present = found or self._add(old, caller)
        if present.status is not LoggedModelStatus.PENDING:
            return Imported(old.id, is_new=False)
        if old.status is LoggedModelStatus.PENDING:
            return Imported(old.id, is_new=found is None, is_pending=True)
        ended = replace(
            present, status=old.status, updated_at=old.updated_at, archived_at=old.archived_at
        )
        self._stores.logged_models.save(ended)
        self._stores.logged_models.add_metrics(present, measured)
        return Imported(old.id, is_new=found is None)

    def _find(self, old: LoggedModel) -> LoggedModel | None:
        try:
            present = self._stores.logged_models.get(old.workspace_id, old.id)
        except NotFoundError:
            return None
        if present.experiment_id == old.experiment_id:
            return present
        raise ConflictError(
            "LoggedModelExists",
            f"The logged model {shown(old.id)} is in another experiment.",
            target="id",
        )

    def _add(self, old: LoggedModel, caller: Principal) -> LoggedModel:
        added = replace(
            old,
            id=RUN.check(old.id),
            name=LOGGED_MODEL.check(old.name),
            model_type=check_text(old.model_type, target="model_type"),
            status_message=check_text(old.status_message, target="status_message"),
            status=LoggedModelStatus.PENDING,
            tags=check_labels(old.tags, target="tags"),
            params=check_params(old.params),
            created_by=caller.name,
            archived_at=None,
        )
        self._stores.logged_models.add(added)
        return added

    def _model(
        self,
        registered: RegisteredModel,
        old: OldVersion,
        files: tuple[FileEntry, ...],
        caller: Principal,
    ) -> Model:
        return Model(
            id=registered.name,
            workspace_id=registered.workspace_id,
            name=registered.name,
            version=0,
            files=files,
            tags=check_labels(old.tags, target="tags"),
            description=check_text(old.description, target="description"),
            run_id=old.run_id,
            experiment_name=self._experiment_of(registered.workspace_id, old.run_id),
            created_by=caller.name,
            created_at=old.created_at,
            stage=ModelStage.of(old.stage),
            source=check_text(old.source, target="source"),
            run_link=check_text(old.run_link, target="run_link"),
            logged_model_id=old.logged_model_id,
            updated_at=old.updated_at,
        )

    def _experiment_of(self, workspace_id: str, run_id: str | None) -> str | None:
        """Return the experiment of a run; that it is not here is no reason to refuse its model."""
        if run_id is None:
            return None
        try:
            return self._stores.runs.get(workspace_id, run_id).experiment_name
        except NotFoundError:
            return None

    def _check(self, workspace_id: str, caller: Principal) -> None:
        seen_workspace(self._stores, workspace_id, caller=caller)
        if caller.run_id is not None:
            raise ForbiddenError(
                "Forbidden",
                f"{caller.name} is a run and may not say when and under which number a model was "
                "made.",
                target="authorization",
                hint="Use a token of your own.",
            )
