"""Use cases of workspaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ConflictError
from zaffre.domain.labels import check_labels, check_text
from zaffre.domain.names import SCOPE, WORKSPACE
from zaffre.domain.removals import Removal, RemovalKind
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import RunFilter, Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkspace:
    """What a caller says of a workspace to be."""

    name: str
    subscription_id: str
    resource_group: str
    location: str = ""
    friendly_name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


class WorkspaceService:
    """Use cases of workspaces, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def create(self, new: NewWorkspace, *, exist_ok: bool = False) -> Workspace:
        """Create a workspace, or with `exist_ok` return the one of that name.

        Raises:
            ConflictError: `WorkspaceExists`.
        """
        workspace = Workspace(
            id=self._context.new_id(),
            subscription_id=SCOPE.check(new.subscription_id),
            resource_group=SCOPE.check(new.resource_group),
            name=WORKSPACE.check(new.name),
            location=check_text(new.location, target="location"),
            friendly_name=check_text(new.friendly_name, target="friendly_name"),
            description=check_text(new.description, target="description"),
            tags=check_labels(new.tags, target="tags"),
            created_at=self._context.clock.now(),
        )
        found = self._stores.workspaces.find(
            workspace.subscription_id, workspace.resource_group, workspace.name
        )
        if found is None:
            self._stores.workspaces.add(workspace)
            return workspace
        if exist_ok:
            return found
        raise ConflictError(
            "WorkspaceExists",
            f"The workspace {shown(found.name)} exists in the resource group "
            f"{shown(found.resource_group)}.",
            target="name",
            hint="Choose another name, or pass `exist_ok=True`.",
        )

    def get(self, workspace_id: str, *, caller: Principal) -> Workspace:
        """Return the workspace."""
        return seen_workspace(self._stores, workspace_id, caller=caller)

    def list(
        self,
        *,
        caller: Principal,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        name: str | None = None,
    ) -> list[Workspace]:
        """Return the workspaces that the caller sees, by name; cases of names do not matter."""
        return [
            workspace
            for workspace in self._stores.workspaces.list()
            if caller.workspace_id in {None, workspace.id}
            and _is_same(subscription_id, workspace.subscription_id)
            and _is_same(resource_group, workspace.resource_group)
            and _is_same(name, workspace.name)
        ]

    def change(
        self,
        workspace_id: str,
        *,
        caller: Principal,
        friendly_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Workspace:
        """Change what is given; tags are replaced as a whole."""
        present = self.get(workspace_id, caller=caller)
        named = present.friendly_name if friendly_name is None else friendly_name
        described = present.description if description is None else description
        changed = replace(
            present,
            friendly_name=check_text(named, target="friendly_name"),
            description=check_text(described, target="description"),
            tags=present.tags if tags is None else check_labels(tags, target="tags"),
        )
        self._stores.workspaces.save(changed)
        return changed

    def delete(self, workspace_id: str, *, caller: Principal) -> None:
        """Delete an empty workspace.

        Raises:
            ConflictError: `WorkspaceNotEmpty`, naming what is in it.
        """
        workspace = self.get(workspace_id, caller=caller)
        held = {
            "runs": self._stores.runs.list(workspace_id, RunFilter(), limit=1),
            "models": self._stores.models.list(workspace_id, limit=1),
            "logged models": self._stores.logged_models.exists(workspace_id),
            "endpoints": self._stores.endpoints.list(workspace_id),
        }
        nouns = " and ".join(noun for noun, things in held.items() if things)
        if nouns:
            raise ConflictError(
                "WorkspaceNotEmpty",
                f"The workspace {shown(workspace.name)} has {nouns}.",
                target="workspace",
                hint="Only an empty workspace can be deleted; keep it, or delete those first.",
            )
        self._stores.workspaces.remove(workspace)
        # Its files go after the commit, by the engine if the server dies before.
        self._stores.removals.add(
            Removal(
                workspace_id=workspace.id,
                kind=RemovalKind.WORKSPACE,
                target_id=workspace.id,
                created_at=self._context.clock.now(),
            )
        )
        self._stores.after_commit(lambda: self._context.wakeup.hint("removals"))


def _is_same(wanted: str | None, name: str) -> bool:
    return wanted is None or wanted.casefold() == name.casefold()
