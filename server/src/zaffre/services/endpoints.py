"""Use cases of endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.endpoints import (
    AuthMode,
    DeploymentSpec,
    Endpoint,
    EndpointError,
    EndpointKind,
    EndpointState,
)
from zaffre.domain.errors import ConflictError, InProgressError
from zaffre.domain.labels import add_properties, change_tags, check_labels, check_text
from zaffre.domain.models import Model
from zaffre.domain.names import ENDPOINT
from zaffre.domain.scoring import TOKEN_SECONDS, sign_token, signing_secret
from zaffre.domain.snapshots import Snapshot
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.computes import found_compute
from zaffre.services.context import Context
from zaffre.services.deployments import check_deployment, check_port, check_which
from zaffre.services.endpoint_keys import EndpointKeys
from zaffre.services.environment_files import accept
from zaffre.services.serving import check_room


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """What a caller says of an endpoint to be.

    Attributes:
        compute: The serving target whose capacity it takes; empty is that of the server.
        keys: The primary and the secondary key, where the caller chose them.
        overwrite: Deploy anew where there is one of that name.
    """

    name: str
    kind: EndpointKind
    auth_mode: AuthMode
    spec: DeploymentSpec
    compute: str = ""
    port: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    keys: tuple[str | None, str | None] = (None, None)
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChange:
    """What to change; None leaves as it is.

    Attributes:
        reload: Deploy the present specification again.
    """

    spec: DeploymentSpec | None = None
    auth_mode: AuthMode | None = None
    tags: Mapping[str, str | None] | None = None
    properties: Mapping[str, str] | None = None
    description: str | None = None
    reload: bool = False


@dataclass(frozen=True, slots=True)
class ScoringToken:
    """A bearer token for scoring; times in seconds since the epoch."""

    token: str
    expires_at: int
    refresh_after: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What a deployment is laid out from."""

    snapshot: Snapshot
    models: tuple[Model, ...]


class EndpointService:
    """Use cases of endpoints, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context
        self._keys = EndpointKeys(stores, context)

    def create(self, workspace_id: str, new: NewEndpoint, *, caller: Principal) -> Endpoint:
        """Create an endpoint, or with `overwrite` deploy anew under its name.

        Raises:
            InvalidError: `InvalidName`, `EntryScriptNotFound`, `CapacityExceeded` and the like.
            NotFoundError: `ModelNotFound`, `SnapshotNotFound` or `ComputeNotFound`.
            ConflictError: `EndpointExists`, `PortInUse`, `InsufficientCapacity` or
                `OperationInProgress`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        name = ENDPOINT.check(new.name)
        spec = self._checked(workspace_id, new.spec)
        self._check_room(workspace_id, new.compute, spec, name=name)
        present = self._stores.endpoints.find(workspace_id, name)
        if present is not None and new.overwrite:
            return self._overwrite(present, new, spec)
        now = self._context.clock.now()
        endpoint = Endpoint(
            id=self._context.new_id(),
            workspace_id=workspace_id,
            name=name,
            kind=new.kind,
            auth_mode=new.auth_mode,
            spec=spec,
            compute=new.compute,
            port=check_port(self._stores, new.kind, new.port),
            tags=check_labels(new.tags, target="tags"),
            properties=check_labels(new.properties, target="properties"),
            description=check_text(new.description, target="description"),
            created_by=caller.name,
            created_at=now,
            updated_at=now,
        )
        primary, secondary = (self._keys.made(key) for key in new.keys)
        self._stores.endpoints.add(endpoint, self._keys.sealed(endpoint.id, (primary, secondary)))
        self._hint()
        return endpoint

    def get(self, workspace_id: str, name: str, *, caller: Principal) -> Endpoint:
        """Return it; raises `EndpointNotFound`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.endpoints.get(workspace_id, name)

    def find(self, workspace_id: str, name: str, *, caller: Principal) -> Endpoint | None:
        """Return the endpoint of that name."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.endpoints.find(workspace_id, name)

    def change(
        self, workspace_id: str, name: str, change: EndpointChange, *, caller: Principal
    ) -> Endpoint:
        """Change what is given; a new specification is deployed beside the present one.

        Raises:
            ConflictError: `InsufficientCapacity`, or `OperationInProgress` while a deployment is
                under way.
        """
        present = self.get(workspace_id, name, caller=caller)
        _require_settled(present)
        described = present.description if change.description is None else change.description
        changed = replace(
            present,
            auth_mode=change.auth_mode or present.auth_mode,
            tags=change_tags(present.tags, change.tags or {}),
            properties=add_properties(present.properties, change.properties or {}),
            description=check_text(described, target="description"),
            updated_at=self._context.clock.now(),
        )
        if change.spec is not None or change.reload:
            spec = self._checked(workspace_id, change.spec or present.spec)
            self._check_room(workspace_id, present.compute, spec, name=present.name)
            changed = changed.redeploy(spec, at=changed.updated_at)
        self._save(changed)
        return changed

    def delete(self, workspace_id: str, name: str, *, caller: Principal) -> None:
        """Delete it, whatever is being done to it."""
        self._stores.endpoints.remove(self.get(workspace_id, name, caller=caller))
        self._hint()

    def keys(self, workspace_id: str, name: str, *, caller: Principal) -> tuple[str, str]:
        """Return the primary and the secondary key.

        Raises:
            PreconditionError: `SecretUnreadable`.
        """
        return self._keys.of(self.get(workspace_id, name, caller=caller))

    def renew_key(
        self,
        workspace_id: str,
        name: str,
        *,
        which: str,
        value: str | None = None,
        caller: Principal,
    ) -> tuple[str, str]:
        """Replace the `primary` or the `secondary` key; the old one and all tokens end.

        Where the present keys cannot be read any more, both are replaced.

        Raises:
            InvalidError: `InvalidKeyName` or `InvalidKey`.
        """
        index = check_which(which)
        endpoint = self.get(workspace_id, name, caller=caller)
        primary, secondary = self._keys.of_or_none_known(endpoint)
        key = self._keys.made(value)
        keys = (key, secondary) if index == 0 else (primary, key)
        self._keys.replace(endpoint, keys)
        self._hint()
        return keys

    def issue_token(self, workspace_id: str, name: str, *, caller: Principal) -> ScoringToken:
        """Return a token that opens the endpoint for an hour.

        Raises:
            ConflictError: `TokensNotUsed`, when the endpoint asks for something else.
        """
        endpoint = self.get(workspace_id, name, caller=caller)
        if endpoint.auth_mode is not AuthMode.TOKEN:
            raise ConflictError(
                "TokensNotUsed",
                f"The endpoint {shown(name)} asks for {shown(endpoint.auth_mode)}, not a token.",
                target="auth_mode",
                hint="Deploy it with token authentication, or use one of its keys.",
            )
        keys = self._keys.of(endpoint)
        now = int(self._context.clock.now().timestamp())
        expires_at = now + TOKEN_SECONDS
        token = sign_token(signing_secret(endpoint.id, keys), expires_at)
        return ScoringToken(token, expires_at, now + TOKEN_SECONDS // 2)

    def everything(self) -> list[tuple[Endpoint, tuple[str, str]]]:
        """Return the endpoints of all workspaces with their keys, for the engine."""
        found = self._stores.endpoints.list(None)
        return [(endpoint, self._keys.of_or_none_known(endpoint)) for endpoint in found]

    def seal_keys(self) -> None:
        """Seal the keys that an older zaffre kept as they were, for the engine."""
        for endpoint in self._stores.endpoints.list(None):
            self._keys.seal_plain(endpoint)

    def contents(self, endpoint: Endpoint) -> Contents:
        """Return what a deployment is laid out from, for the engine."""
        workspace_id, spec = endpoint.workspace_id, endpoint.spec
        return Contents(
            self._stores.snapshots.get(workspace_id, spec.snapshot_id),
            tuple(self._stores.models.get(workspace_id, model) for model in spec.model_ids),
        )

    def record(
        self,
        endpoint: Endpoint,
        state: EndpointState,
        *,
        error: EndpointError | None = None,
        port: int | None = None,
    ) -> None:
        """Keep what became of a deployment, unless it was replaced meanwhile, for the engine."""
        present = self._stores.endpoints.find(endpoint.workspace_id, endpoint.name)
        known = (endpoint.id, endpoint.generation)
        if present is None or (present.id, present.generation) != known:
            return
        self._save(
            replace(
                present,
                state=state,
                error=error,
                port=port or present.port,
                updated_at=self._context.clock.now(),
            )
        )

    def list(self, workspace_id: str, *, caller: Principal) -> list[Endpoint]:
        """Return the endpoints of a workspace by name."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.endpoints.list(workspace_id)

    def _overwrite(self, present: Endpoint, new: NewEndpoint, spec: DeploymentSpec) -> Endpoint:
        if present.kind is not new.kind:
            raise ConflictError(
                "EndpointKindDiffers",
                f"The endpoint {shown(present.name)} is of kind {present.kind}, not {new.kind}.",
                target="kind",
                hint="Delete it first, or use another name.",
            )
        _require_settled(present)
        port = present.port
        if new.port not in {None, present.port}:
            port = check_port(self._stores, new.kind, new.port)
        changed = replace(
            present.redeploy(spec, at=self._context.clock.now()),
            auth_mode=new.auth_mode,
            compute=new.compute,
            port=port,
            tags=check_labels(new.tags, target="tags"),
            properties=check_labels({**present.properties, **new.properties}, target="properties"),
            description=check_text(new.description, target="description"),
        )
        self._save(changed)
        if any(new.keys):
            old = self._keys.of_or_none_known(present)
            kept = [
                self._keys.made(key) if key else was
                for key, was in zip(new.keys, old, strict=True)
            ]
            self._keys.replace(changed, (kept[0], kept[1]))
        return changed

    def _checked(self, workspace_id: str, spec: DeploymentSpec) -> DeploymentSpec:
        accept(self._stores, self._context, workspace_id, spec=spec.environment)
        return check_deployment(self._stores, workspace_id, spec, capacity=self._context.capacity)

    def _check_room(
        self, workspace_id: str, compute: str, spec: DeploymentSpec, *, name: str
    ) -> None:
        if compute:
            target = found_compute(self._stores, workspace_id, compute)
            check_room(self._stores, target, spec, name=name)

    def _save(self, endpoint: Endpoint) -> None:
        self._stores.endpoints.save(endpoint)
        self._hint()

    def _hint(self) -> None:
        wakeup = self._context.wakeup
        self._stores.after_commit(lambda: wakeup.hint("endpoints"))


def _require_settled(endpoint: Endpoint) -> None:
    if endpoint.state is EndpointState.TRANSITIONING:
        raise InProgressError(
            "OperationInProgress",
            f"The endpoint {shown(endpoint.name)} is being deployed.",
            target="endpoint",
            hint="Wait until it is Healthy or Failed, or delete it.",
        )
