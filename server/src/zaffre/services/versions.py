"""Use cases of versions of registered models, as MLflow programs know them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import InvalidError, NotFoundError, missing
from zaffre.domain.labels import MAX_VALUE_LENGTH, change_tags, check_labels, check_text, listed
from zaffre.domain.model_sources import ModelSource, PromptSource
from zaffre.domain.models import Model, ModelStage, RegisteredModel, is_prompt
from zaffre.domain.names import MODEL
from zaffre.ports.registry import ModelSearch
from zaffre.ports.stores import Stores
from zaffre.services.access import check_maker, seen_workspace
from zaffre.services.context import Context
from zaffre.services.model_access import check_version_unused
from zaffre.services.model_sources import Origin, origin_of

_ACTIVE: Final = frozenset({ModelStage.STAGING, ModelStage.PRODUCTION})
_LATEST: Final = "latest"
VERSIONS_TAG: Final = "mlflow.modelVersions"
"""The tag of a logged model that lists, as JSON, the versions that were registered of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What a caller says of a version to be.

    Attributes:
        source: Where its files come from.
        source_text: How the caller wrote that.
        run_id: The run that the caller names besides; it must be that of the source.
    """

    name: str
    source: ModelSource
    source_text: str
    run_id: str | None = None
    logged_model_id: str | None = None
    run_link: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version and the aliases that point at it."""

    model: Model
    aliases: Sequence[str]


class VersionService:
    """Use cases of versions, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def create(self, workspace_id: str, new: NewVersion, *, caller: Principal) -> Version:
        """Add a version whose files are linked now, so that it stays what it was.

        Raises:
            InvalidError: `InvalidSource`.
            NotFoundError: `ModelNotFound`, or what the source names is not there.
        """
        registered = self._get(workspace_id, new.name, caller)
        tags = check_labels(new.tags, target="tags")
        _check_kind(registered, new, tags)
        origin = origin_of(self._stores, workspace_id, new.source, caller=caller)
        now = self._context.clock.now()
        added = self._stores.models.add(
            Model(
                id=new.name,
                workspace_id=workspace_id,
                name=registered.name,
                version=0,
                files=origin.files,
                tags=tags,
                description=check_text(new.description, target="description"),
                framework=origin.framework,
                framework_version=origin.framework_version,
                run_id=_agreed(origin, new),
                experiment_name=origin.experiment_name,
                created_by=caller.name,
                created_at=now,
                source=check_text(new.source_text, target="source"),
                run_link=check_text(new.run_link, target="run_link"),
                logged_model_id=_logged_model(origin, new),
                updated_at=now,
            )
        )
        if added.logged_model_id:
            self._note(workspace_id, added.logged_model_id, added)
        return Version(added, registered.aliases_of(added.version))

    def get(self, workspace_id: str, name: str, version: int, *, caller: Principal) -> Version:
        """Return it; raises `ModelNotFound`."""
        registered = self._get(workspace_id, name, caller)
        return Version(self._version(registered, version), registered.aliases_of(version))

    def search(
        self, workspace_id: str, search: ModelSearch, *, caller: Principal
    ) -> list[Version]:
        """Return versions, without their files."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._aliased(workspace_id, self._stores.models.search(workspace_id, search))

    def newest(
        self, workspace_id: str, name: str, stages: Sequence[str], *, caller: Principal
    ) -> list[Version]:
        """Return the newest version of each of the stages, or of every stage.

        Raises:
            InvalidError: `InvalidStage`.
        """
        wanted = {ModelStage.of(stage) for stage in stages} or set(ModelStage)
        registered = self._get(workspace_id, name, caller)
        return [
            Version(model, registered.aliases_of(model.version))
            for model in self._stores.models.newest_by_stage(workspace_id, [registered.name])
            if model.stage in wanted
        ]

    def change(
        self,
        workspace_id: str,
        name: str,
        version: int,
        *,
        caller: Principal,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> Version:
        """Change what is given; a tag of None is removed.

        Raises:
            ForbiddenError: `Forbidden`, for the token of a run that did not register it.
        """
        registered = self._get(workspace_id, name, caller)
        present = self._version(registered, version)
        check_maker(caller, present.created_by, "model", present.id)
        described = present.description if description is None else description
        changed = replace(
            present,
            description=check_text(described, target="description"),
            tags=change_tags(present.tags, tags or {}),
            updated_at=self._context.clock.now(),
        )
        self._stores.models.save(changed)
        return Version(changed, registered.aliases_of(version))

    def move(
        self,
        workspace_id: str,
        name: str,
        version: int,
        *,
        caller: Principal,
        stage: str,
        archive_others: bool = False,
    ) -> Version:
        """Move a version to a stage; with `archive_others` those that are there are archived.

        Raises:
            InvalidError: `InvalidStage`.
        """
        wanted = ModelStage.of(stage)
        registered = self._get(workspace_id, name, caller)
        present = self._version(registered, version)
        check_maker(caller, present.created_by, "model", present.id)
        now = self._context.clock.now()
        if archive_others:
            self._archive(registered, wanted, but=version)
        moved = replace(present, stage=wanted, updated_at=now)
        self._stores.models.save(moved)
        self._stores.registered_models.save(replace(registered, updated_at=now))
        return Version(moved, registered.aliases_of(version))

    def delete(self, workspace_id: str, name: str, version: int, *, caller: Principal) -> None:
        """Delete a version with its aliases; its number is not given again.

        Raises:
            ConflictError: `ModelInUse`, naming the endpoints that use it.
        """
        registered = self._get(workspace_id, name, caller)
        present = self._version(registered, version)
        check_maker(caller, present.created_by, "model", present.id)
        check_version_unused(self._stores, present)
        self._stores.models.remove(present)
        kept = {a: v for a, v in registered.aliases.items() if v != version}
        now = self._context.clock.now()
        self._stores.registered_models.save(replace(registered, aliases=kept, updated_at=now))

    def of_alias(self, workspace_id: str, name: str, alias: str, *, caller: Principal) -> Version:
        """Return the version that a word stands for; `latest` is the newest.

        Raises:
            InvalidError: `AliasNotFound`.
        """
        registered = self._get(workspace_id, name, caller)
        if alias.lower() == _LATEST:
            newest = self._stores.models.find(workspace_id, registered.name, None)
            if newest is None:
                raise missing("model", f"{name}:{_LATEST}")
            return Version(newest, registered.aliases_of(newest.version))
        version = registered.aliases.get(alias)
        if version is None:
            raise InvalidError(
                "AliasNotFound",
                f"Registered model alias {alias} not found.",
                target="alias",
                hint=f"The model {shown(name)} has: {', '.join(registered.aliases) or 'none'}.",
            )
        return Version(self._version(registered, version), registered.aliases_of(version))

    def _note(self, workspace_id: str, logged_model_id: str, added: Model) -> None:
        """Tell the logged model that it was registered, where programs look for that."""
        try:
            model = self._stores.logged_models.get(workspace_id, logged_model_id)
        except NotFoundError:
            # Named by the caller alone: the files come from a run, and it may be of elsewhere.
            return
        known = listed(model.tags.get(VERSIONS_TAG, ""))
        value = json.dumps([*known, {"name": added.name, "version": added.version}])
        if len(value) <= MAX_VALUE_LENGTH:
            tags = change_tags(model.tags, {VERSIONS_TAG: value})
            self._stores.logged_models.save(replace(model, tags=tags))

    def _get(self, workspace_id: str, name: str, caller: Principal) -> RegisteredModel:
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.registered_models.get(workspace_id, MODEL.normal(name))

    def _version(self, registered: RegisteredModel, version: int) -> Model:
        found = self._stores.models.find(registered.workspace_id, registered.name, version)
        if found is None:
            raise missing("model", f"{registered.name}:{version}")
        return found

    def _aliased(self, workspace_id: str, found: Sequence[Model]) -> list[Version]:
        names = self._stores.registered_models.named(workspace_id, {m.name for m in found})
        return [Version(model, names[model.name].aliases_of(model.version)) for model in found]

    def _archive(self, registered: RegisteredModel, stage: ModelStage, *, but: int) -> None:
        if stage not in _ACTIVE:
            raise InvalidError(
                "InvalidStage",
                "Model version transition cannot archive existing model versions because "
                f"{shown(stage)} is not an Active stage.",
                target="archive_existing_versions",
                hint=f"Valid stages are {', '.join(sorted(_ACTIVE))}.",
            )
        now = self._context.clock.now()
        for model in self._stores.models.in_stage(registered.workspace_id, registered.name, stage):
            if model.version != but:
                archived = replace(model, stage=ModelStage.ARCHIVED, updated_at=now)
                self._stores.models.save(archived)


def _check_kind(registered: RegisteredModel, new: NewVersion, tags: Mapping[str, str]) -> None:
    """Keep prompts and models apart: a prompt has no files, and a model comes from some."""
    if isinstance(new.source, PromptSource) == is_prompt(tags) == registered.is_prompt:
        return
    if isinstance(new.source, PromptSource) and not is_prompt(tags):
        raise _invalid_source(new, "It is kept for prompts, which have a tag that says so.")
    if is_prompt(tags) != registered.is_prompt:
        raise InvalidError(
            "InvalidModelKind",
            f"{shown(registered.name)} is a {'prompt' if registered.is_prompt else 'model'}, "
            f"and the version is a {'prompt' if is_prompt(tags) else 'model'}.",
            target="name",
            hint="Use another name.",
        )
    raise _invalid_source(new, "A prompt has no files.")


def _agreed(origin: Origin, new: NewVersion) -> str | None:
    if origin.run_id and new.run_id and origin.run_id != new.run_id:
        raise _invalid_source(
            new, "The run_id request parameter must identify the run that contains the source."
        )
    return origin.run_id or check_text(new.run_id or "", target="run_id") or None


def _logged_model(origin: Origin, new: NewVersion) -> str | None:
    given = new.logged_model_id
    if origin.logged_model_id and given and origin.logged_model_id != given:
        raise _invalid_source(
            new, "The model_id request parameter must identify the model that contains the source."
        )
    return origin.logged_model_id or check_text(given or "", target="model_id") or None


def _invalid_source(new: NewVersion, reason: str) -> InvalidError:
    return InvalidError(
        "InvalidSource",
        f"Invalid model version source: {shown(new.source_text)}.",
        target="source",
        hint=reason,
    )
