"""Use cases of datastores."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.datastores import (
    BUILT_IN,
    DEFAULT_NAME,
    CredentialKind,
    Datastore,
    DatastoreKind,
    built_in,
    check_credential,
    check_name,
    check_settings,
)
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError
from zaffre.domain.labels import check_labels, check_text
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context

_NAMED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDatastore:
    """What a caller says of a datastore to be."""

    name: str
    kind: DatastoreKind
    settings: Mapping[str, str]
    credential: Mapping[str, str] = field(default_factory=dict, repr=False)
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


class DatastoreService:
    """Use cases of datastores, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def register(
        self, workspace_id: str, new: NewDatastore, *, caller: Principal, overwrite: bool = False
    ) -> Datastore:
        """Keep how a datastore is reached, its credential sealed.

        Raises:
            InvalidError: `InvalidName`, or as `check_settings` and `check_credential`; or
                `DataRootUnknown`, naming those that the server was given.
            ConflictError: `DatastoreExists`, or `DatastoreIsBuiltIn`.
        """
        workspace = seen_workspace(self._stores, workspace_id, caller=caller)
        name = check_name(new.name)
        present = self._free(workspace_id, name, overwrite=overwrite)
        now = self._context.clock.now()
        settings = check_settings(new.kind, new.settings)
        if new.kind is DatastoreKind.LOCAL:
            self._check_root(settings["root"])
        form = check_credential(new.kind, new.credential)
        datastore = Datastore(
            workspace_id=workspace_id,
            name=name,
            kind=new.kind,
            settings=settings,
            credential_kind=form,
            sealed=self._sealed(workspace_id, name, form, new.credential),
            description=check_text(new.description, target="description"),
            tags=check_labels(new.tags, target="tags"),
            created_by=present.created_by if present else caller.name,
            created_at=present.created_at if present else now,
            updated_at=now,
        )
        self._stores.datastores.put(datastore)
        return self._marked(workspace, datastore)

    def get(self, workspace_id: str, name: str, *, caller: Principal) -> Datastore:
        """Return a datastore.

        Raises:
            NotFoundError: `DatastoreNotFound`, listing those there are.
        """
        workspace = seen_workspace(self._stores, workspace_id, caller=caller)
        return self._marked(workspace, self._found(workspace, name))

    def default(self, workspace_id: str, *, caller: Principal) -> Datastore:
        """Return the datastore where things go for which none is named."""
        workspace = seen_workspace(self._stores, workspace_id, caller=caller)
        found = self._found(workspace, self._default_name(workspace))
        return self._marked(workspace, found)

    def with_credential(
        self, workspace_id: str, name: str, *, caller: Principal
    ) -> tuple[Datastore, Mapping[str, str]]:
        """Return a datastore and what it is reached with; nobody outside may see that.

        Raises:
            NotFoundError: `DatastoreNotFound`.
            PreconditionError: `SecretUnreadable`.
        """
        datastore = self.get(workspace_id, name, caller=caller)
        if not datastore.sealed:
            return datastore, {}
        purpose = _purpose(workspace_id, datastore.name)
        opened = self._context.vault.open(datastore.sealed, purpose=purpose)
        return datastore, msgspec.json.decode(opened, type=dict[str, str])

    def list(self, workspace_id: str, *, caller: Principal) -> list[Datastore]:
        """Return all by name, those that came with the workspace among them."""
        workspace = seen_workspace(self._stores, workspace_id, caller=caller)
        came = [self._built_in(workspace, name) for name in BUILT_IN]
        found = [*filter(None, came), *self._stores.datastores.list(workspace_id)]
        default = self._default_name(workspace)
        return [
            replace(one, is_default=one.name == default)
            for one in sorted(found, key=lambda one: one.name)
        ]

    def roots(self, workspace_id: str, *, caller: Principal) -> Mapping[str, Path]:
        """Return the folders below which local datastores may lie, by their names."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return dict(sorted(self._context.data_roots.items()))

    def set_default(self, workspace_id: str, name: str, *, caller: Principal) -> Datastore:
        """Choose where things go for which no datastore is named.

        Raises:
            NotFoundError: `DatastoreNotFound`.
        """
        datastore = self.get(workspace_id, name, caller=caller)
        self._stores.datastores.set_default(workspace_id, datastore.name)
        return replace(datastore, is_default=True)

    def delete(self, workspace_id: str, name: str, *, caller: Principal) -> None:
        """Forget how a datastore is reached; what lies in it stays.

        Raises:
            NotFoundError: `DatastoreNotFound`.
            ConflictError: `DatastoreIsBuiltIn`, or `DatastoreIsDefault`.
        """
        datastore = self.get(workspace_id, name, caller=caller)
        if datastore.is_builtin:
            raise _is_built_in(datastore.name)
        if datastore.is_default:
            raise ConflictError(
                "DatastoreIsDefault",
                f"The datastore {shown(datastore.name)} is the default of the workspace.",
                target="name",
                hint="Make another one the default first.",
            )
        self._stores.datastores.remove(workspace_id, datastore.name)

    def _free(self, workspace_id: str, name: str, *, overwrite: bool) -> Datastore | None:
        """Return what may be overwritten."""
        if name in BUILT_IN:
            raise _is_built_in(name)
        present = self._stores.datastores.find(workspace_id, name)
        if present is not None and not overwrite:
            raise ConflictError(
                "DatastoreExists",
                f"Another datastore with the same name already exists: {shown(name)}.",
                target="name",
                hint="Choose another name, or pass `overwrite=True`.",
            )
        return present

    def _check_root(self, root: str) -> None:
        if root not in self._context.data_roots:
            known = ", ".join(shown(label) for label in sorted(self._context.data_roots))
            raise InvalidError(
                "DataRootUnknown",
                f"This server was given no data root {shown(root)}.",
                target="settings.root",
                hint=f"Use one of {known}."
                if known
                else "Start it with `zaffre up --data-root NAME=/FOLDER` to allow a folder.",
            )

    def _sealed(
        self, workspace_id: str, name: str, form: CredentialKind, credential: Mapping[str, str]
    ) -> bytes:
        if form is CredentialKind.NONE:
            return b""
        value = msgspec.json.encode({key: text for key, text in credential.items() if text})
        return self._context.vault.seal(value, purpose=_purpose(workspace_id, name))

    def _found(self, workspace: Workspace, name: str) -> Datastore:
        wanted = name.lower()
        found = self._built_in(workspace, wanted)
        found = found or self._stores.datastores.find(workspace.id, wanted)
        if found is None:
            names = sorted(
                [*BUILT_IN, *(d.name for d in self._stores.datastores.list(workspace.id))]
            )
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            raise NotFoundError(
                "DatastoreNotFound",
                f"There is no datastore {shown(name)} here.",
                target="datastore",
                hint=f"There are {', '.join(shown(one) for one in names[:_NAMED])}{more}.",
                name=name,
            )
        return found

    def _built_in(self, workspace: Workspace, name: str) -> Datastore | None:
        return built_in(workspace.id, name, at=workspace.created_at)

    def _default_name(self, workspace: Workspace) -> str:
        return self._stores.datastores.default(workspace.id) or DEFAULT_NAME

    def _marked(self, workspace: Workspace, datastore: Datastore) -> Datastore:
        return replace(datastore, is_default=datastore.name == self._default_name(workspace))


def _is_built_in(name: str) -> ConflictError:
    return ConflictError(
        "DatastoreIsBuiltIn",
        f"The datastore {shown(name)} came with the workspace and stays as it is.",
        target="name",
        hint="Register one under another name.",
    )


def _purpose(workspace_id: str, name: str) -> str:
    return f"datastore {workspace_id} {name}"
