"""Use cases of registered models: names that versions are kept under, and their aliases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from zaffre.domain.access import Principal
from zaffre.domain.errors import ForbiddenError, missing
from zaffre.domain.labels import change_tags, check_labels, check_text
from zaffre.domain.models import Model, RegisteredModel, check_model_name
from zaffre.domain.names import ALIAS, MODEL
from zaffre.ports.registry import ModelSearch
from zaffre.ports.stores import Stores
from zaffre.services.access import check_maker, seen_workspace
from zaffre.services.context import Context
from zaffre.services.model_access import check_name_unused


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered model and the newest version of it in each stage."""

    model: RegisteredModel
    newest: Sequence[Model]


class RegistryService:
    """Use cases of registered models, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def create(
        self,
        workspace_id: str,
        name: str,
        *,
        caller: Principal,
        tags: Mapping[str, str],
        description: str = "",
    ) -> RegisteredModel:
        """Create a registered model without versions.

        Raises:
            ConflictError: `ModelExists`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        now = self._context.clock.now()
        return self._stores.registered_models.add(
            RegisteredModel(
                workspace_id=workspace_id,
                name=check_model_name(name),
                description=check_text(description, target="description"),
                tags=check_labels(tags, target="tags"),
                created_at=now,
                updated_at=now,
            )
        )

    def get(self, workspace_id: str, name: str, *, caller: Principal) -> Registered:
        """Return it; raises `ModelNotFound`."""
        model = self._get(workspace_id, name, caller)
        return Registered(model, self._stores.models.newest_by_stage(workspace_id, [model.name]))

    def search(
        self, workspace_id: str, search: ModelSearch, *, caller: Principal
    ) -> list[Registered]:
        """Return registered models, each with its newest versions."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._stores.registered_models.search(workspace_id, search)
        newest: dict[str, list[Model]] = {model.name: [] for model in found}
        for version in self._stores.models.newest_by_stage(workspace_id, list(newest)):
            newest[version.name].append(version)
        return [Registered(model, newest[model.name]) for model in found]

    def change(
        self,
        workspace_id: str,
        name: str,
        *,
        caller: Principal,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> Registered:
        """Change what is given; a tag of None is removed."""
        present = self._get(workspace_id, name, caller)
        described = present.description if description is None else description
        changed = replace(
            present,
            description=check_text(described, target="description"),
            tags=change_tags(present.tags, tags or {}),
            updated_at=self._context.clock.now(),
        )
        self._stores.registered_models.save(changed)
        return self.get(workspace_id, name, caller=caller)

    def rename(
        self, workspace_id: str, name: str, new_name: str, *, caller: Principal
    ) -> Registered:
        """Give it and its versions another name.

        Raises:
            ConflictError: `ModelExists`, or `ModelInUse` naming the endpoints that use it.
        """
        present = self._get(workspace_id, name, caller)
        _check_person(caller, "rename")
        check_name_unused(self._stores, workspace_id, present.name)
        checked = check_model_name(new_name)
        if checked != present.name:
            now = self._context.clock.now()
            renamed = replace(present, name=checked, updated_at=now)
            self._stores.registered_models.rename(present, renamed)
        return self.get(workspace_id, checked, caller=caller)

    def delete(self, workspace_id: str, name: str, *, caller: Principal) -> None:
        """Delete it with its versions; their numbers are not given again.

        Raises:
            ConflictError: `ModelInUse`, naming the endpoints that use it.
        """
        present = self._get(workspace_id, name, caller)
        _check_person(caller, "delete")
        check_name_unused(self._stores, workspace_id, present.name)
        gone = replace(present, updated_at=self._context.clock.now())
        self._stores.registered_models.remove(gone)

    def set_alias(
        self, workspace_id: str, name: str, alias: str, version: int, *, caller: Principal
    ) -> None:
        """Let a word stand for a version.

        Raises:
            InvalidError: `InvalidName`.
        """
        registered = self._get(workspace_id, name, caller)
        present = self._stores.models.find(workspace_id, registered.name, version)
        if present is None:
            raise missing("model", f"{name}:{version}")
        check_maker(caller, present.created_by, "model", present.id)
        aliases = {**registered.aliases, ALIAS.check(alias): version}
        self._stores.registered_models.save(replace(registered, aliases=aliases))

    def remove_alias(self, workspace_id: str, name: str, alias: str, *, caller: Principal) -> None:
        """Forget a word; one that stands for nothing is forgotten already."""
        registered = self._get(workspace_id, name, caller)
        aliases = {a: v for a, v in registered.aliases.items() if a != alias}
        self._stores.registered_models.save(replace(registered, aliases=aliases))

    def _get(self, workspace_id: str, name: str, caller: Principal) -> RegisteredModel:
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.registered_models.get(workspace_id, MODEL.normal(name))


def _check_person(caller: Principal, verb: str) -> None:
    if caller.run_id is not None:
        raise ForbiddenError(
            "Forbidden",
            f"{caller.name} is a run and may not {verb} a registered model with all its versions.",
            target="model",
            hint=f"To {verb} it, use a token of your own.",
        )
