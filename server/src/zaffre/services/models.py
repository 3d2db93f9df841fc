"""Use cases of models."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError, InvalidError, missing
from zaffre.domain.files import FileEntry, check_files, find_file, there_is
from zaffre.domain.labels import (
    MAX_LABELS,
    add_properties,
    change_tags,
    check_labels,
    check_text,
)
from zaffre.domain.models import Model, ModelDataset, check_model_name
from zaffre.domain.names import MODEL
from zaffre.domain.paths import check_path
from zaffre.domain.runs import Run
from zaffre.ports.stores import Stores
from zaffre.services.access import check_maker, seen_run, seen_workspace
from zaffre.services.context import Context
from zaffre.services.model_access import check_version_unused
from zaffre.services.model_sources import run_files
from zaffre.services.snapshots import check_sent


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """What a caller says of a model to be.

    Attributes:
        files: What it is made of, sent before; or else `run_path` says it.
        run_id: The run whose output it is.
        run_path: A file or a folder among the artifacts of that run.
        datasets: What it came of and was measured on.
    """

    name: str
    files: tuple[FileEntry, ...] = ()
    run_id: str | None = None
    run_path: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    framework: str = ""
    framework_version: str = ""
    datasets: tuple[ModelDataset, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFilter:
    """Which models to list; an empty field does not filter."""

    name: str | None = None
    run_id: str | None = None
    newest_only: bool = False


class ModelService:
    """Use cases of models, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def register(self, workspace_id: str, new: NewModel, *, caller: Principal) -> Model:
        """Register the next version of a model.

        Raises:
            InvalidError: `InvalidModelSource`, `ModelPathNotFound`, `ModelEmpty`, and names,
                paths and labels against the rules.
            NotFoundError: `RunNotFound` or `DatasetNotFound`.
            ConflictError: `ModelIsPrompt`.
            PreconditionError: `BlobMissing` or `SizeMismatch`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        run = None
        if new.run_id is not None:
            run = seen_run(self._stores, workspace_id, new.run_id, caller=caller)
        name = self._name(workspace_id, new.name)
        now = self._context.clock.now()
        return self._stores.models.add(
            Model(
                id=name,
                workspace_id=workspace_id,
                name=name,
                version=0,
                files=self._files(workspace_id, new, run),
                tags=check_labels(new.tags, target="tags"),
                properties=check_labels(new.properties, target="properties"),
                description=check_text(new.description, target="description"),
                framework=check_text(new.framework, target="framework"),
                framework_version=check_text(new.framework_version, target="framework_version"),
                run_id=run.id if run else None,
                experiment_name=run.experiment_name if run else None,
                created_by=caller.name,
                created_at=now,
                updated_at=now,
                datasets=self._datasets(workspace_id, new.datasets),
            )
        )

    def get(self, workspace_id: str, model_id: str, *, caller: Principal) -> Model:
        """Return `name:version`, or the newest version of `name`.

        Raises:
            NotFoundError: `ModelNotFound`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        stored_id = MODEL.normal(model_id)
        if ":" in stored_id:
            return self._stores.models.get(workspace_id, stored_id)
        newest = self._stores.models.find(workspace_id, stored_id, None)
        if newest is None:
            raise missing("model", model_id)
        return newest

    def get_file(
        self, workspace_id: str, model_id: str, path: str, *, caller: Principal
    ) -> FileEntry:
        """Return one file of a model; raises `FileNotFound`."""
        return find_file(self.get(workspace_id, model_id, caller=caller).files, path)

    def list(
        self,
        workspace_id: str,
        where: ModelFilter,
        *,
        caller: Principal,
        limit: int,
        after: str | None = None,
    ) -> list[Model]:
        """Return versions newest first, those older than the model `after`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.models.list(
            workspace_id,
            name=None if where.name is None else MODEL.normal(where.name),
            run_id=where.run_id,
            newest_only=where.newest_only,
            prompts=False,
            limit=limit,
            after=after,
        )

    def change(  # noqa: PLR0913 - one parameter for each field
        self,
        workspace_id: str,
        model_id: str,
        *,
        caller: Principal,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str] | None = None,
        datasets: tuple[ModelDataset, ...] = (),
    ) -> Model:
        """Change what is given; a tag of None is removed, properties and datasets are added.

        Raises:
            ConflictError: `PropertyExists`.
            NotFoundError: `DatasetNotFound`.
            ForbiddenError: `Forbidden`, for the token of a run that did not register it.
        """
        present = self.get(workspace_id, model_id, caller=caller)
        check_maker(caller, present.created_by, "model", present.id)
        described = present.description if description is None else description
        changed = replace(
            present,
            description=check_text(described, target="description"),
            tags=change_tags(present.tags, tags or {}),
            properties=add_properties(present.properties, properties or {}),
            datasets=self._datasets(workspace_id, (*present.datasets, *datasets)),
            updated_at=self._context.clock.now(),
        )
        self._stores.models.save(changed)
        return changed

    def delete(self, workspace_id: str, model_id: str, *, caller: Principal) -> None:
        """Delete a version; its number is not given again.

        Raises:
            ConflictError: `ModelInUse`, naming the endpoints that use it.
            ForbiddenError: `Forbidden`, for the token of a run that did not register it.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        model = self._stores.models.get(workspace_id, MODEL.normal(model_id))
        check_maker(caller, model.created_by, "model", model.id)
        check_version_unused(self._stores, model)
        self._stores.models.remove(model)

    def _name(self, workspace_id: str, name: str) -> str:
        checked = check_model_name(name)
        registered = self._stores.registered_models.find(workspace_id, checked)
        if registered is not None and registered.is_prompt:
            raise ConflictError(
                "ModelIsPrompt",
                f"{shown(checked)} is the name of a prompt.",
                target="name",
                hint="Use another name.",
            )
        return checked

    def _datasets(
        self, workspace_id: str, given: tuple[ModelDataset, ...]
    ) -> tuple[ModelDataset, ...]:
        each = tuple(dict.fromkeys(given))
        if len(each) > MAX_LABELS:
            raise InvalidError(
                "TooManyDatasets",
                f"There are {len(each)} datasets; at most {MAX_LABELS} are kept.",
                target="datasets",
            )
        for dataset in each:
            check_text(dataset.name, target="datasets.name")
            self._stores.datasets.get(workspace_id, dataset.dataset_id)
        return each

    def _files(self, workspace_id: str, new: NewModel, run: Run | None) -> tuple[FileEntry, ...]:
        if bool(new.files) == bool(new.run_path) or (new.run_path and run is None):
            raise InvalidError(
                "InvalidModelSource",
                f"The model {shown(new.name)} has no source, or two.",
                target="files",
                hint="Give either `files` that were sent before, or `run_id` with `run_path`.",
            )
        if run is not None and new.run_path:
            files = self._files_of_run(run, new.run_path)
        else:
            files = check_files(new.files)
            check_sent(self._stores, workspace_id, files)
        if not any(file.size for file in files):
            raise InvalidError(
                "ModelEmpty",
                f"The model {shown(new.name)} has no bytes.",
                target="files",
                hint="Check that the program closed its file before registering it.",
            )
        return files

    def _files_of_run(self, run: Run, run_path: str) -> tuple[FileEntry, ...]:
        path = check_path(run_path.rstrip("/"), target="run_path")
        files = run_files(self._stores, run, path)
        if not files:
            there = run_files(self._stores, run, "")
            raise InvalidError(
                "ModelPathNotFound",
                f"The run {shown(run.id)} has no artifact {shown(run_path)}.",
                target="run_path",
                hint=there_is((file.path.partition("/")[2] for file in there), meant=path),
            )
        return files
