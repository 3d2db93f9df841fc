"""Use cases of compute targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from zaffre.base.text import closest, shown
from zaffre.domain.access import Principal
from zaffre.domain.computes import (
    LOCAL,
    Compute,
    ComputeKind,
    ComputeLimits,
    ComputeState,
    Node,
    NodeState,
    Power,
    Scale,
    check_compute_settings,
    check_limits,
    check_same_place,
    check_scale,
)
from zaffre.domain.errors import ConflictError, InvalidError, NotFoundError
from zaffre.domain.labels import change_tags, check_labels, check_text
from zaffre.domain.names import COMPUTE
from zaffre.domain.serving import check_serving
from zaffre.domain.vm_sizes import vm_size
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context
from zaffre.services.serving import check_holds, check_serves_nobody, served_by

_NAMED = 20
_MAX_CREDENTIAL = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompute:
    """What a caller says of a target to be."""

    name: str
    kind: ComputeKind
    type: str = ""
    location: str = ""
    vm_size: str = ""
    low_priority: bool = False
    scale: Scale | None = None
    limits: ComputeLimits = field(default_factory=ComputeLimits)
    settings: Mapping[str, Any] = field(default_factory=dict)
    credential: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeChange:
    """What to change of a target; None leaves a field as it is, a tag of None is removed."""

    scale: Scale | None = None
    limits: ComputeLimits | None = None
    settings: Mapping[str, Any] | None = None
    credential: Mapping[str, str] | None = None
    description: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)


class ComputeService:
    """Use cases of compute targets, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def create(self, workspace_id: str, new: NewCompute, *, caller: Principal) -> Compute:
        """Create or attach a target, its credential sealed.

        Raises:
            InvalidError: `InvalidName`, `VmSizeUnknown`, `InvalidScale`, `InvalidLimit`,
                `InvalidSetting` or `TooFewCores`.
            ConflictError: `ComputeExists`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        name = COMPUTE.check(new.name)
        if self._stores.computes.find(workspace_id, name) is not None:
            raise ConflictError(
                "ComputeExists",
                f"There is a compute target {shown(name)} in this workspace.",
                target="name",
                hint="Use it with `ComputeTarget(workspace, name)`, or choose another name.",
                name=name,
            )
        now = self._context.clock.now()
        is_instance = new.kind is ComputeKind.INSTANCE
        compute = Compute(
            workspace_id=workspace_id,
            name=name,
            kind=new.kind,
            type=check_text(new.type, target="type"),
            location=check_text(new.location, target="location"),
            vm_size=vm_size(new.vm_size).name if new.vm_size else "",
            low_priority=new.low_priority,
            scale=_scale_of(new),
            limits=check_limits(new.limits),
            settings=check_compute_settings(new.settings),
            sealed=self._sealed(workspace_id, name, new.credential),
            description=check_text(new.description, target="description"),
            tags=check_labels(new.tags, target="tags"),
            state=ComputeState.CREATING if new.kind in _MADE_LATER else ComputeState.SUCCEEDED,
            power=Power.STARTING if is_instance else Power.NONE,
            created_by=caller.name,
            created_at=now,
            updated_at=now,
        )
        if compute.kind is ComputeKind.SERVING:
            check_serving(compute)
        self._put(compute)
        return compute

    def get(self, workspace_id: str, name: str, *, caller: Principal) -> Compute:
        """Return a target.

        Raises:
            NotFoundError: `ComputeNotFound`, listing those there are.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        return found_compute(self._stores, workspace_id, name)

    def list(self, workspace_id: str, *, caller: Principal) -> list[Compute]:
        """Return all by name; `local` is not among them."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.computes.list(workspace_id)

    def waiting(self, compute: Compute) -> int:
        """Count the runs that wait for a target."""
        return self._stores.runs.count_open(compute.workspace_id, compute.name)[0]

    def services(self, compute: Compute) -> tuple[str, ...]:
        """Return the names of the services that are deployed to a target."""
        return tuple(endpoint.name for endpoint in served_by(self._stores, compute))

    def credential(self, compute: Compute) -> dict[str, str]:
        """Return what a target is reached with; nobody outside may see that.

        Raises:
            PreconditionError: `SecretUnreadable`.
        """
        if not compute.sealed:
            return {}
        purpose = _purpose(compute.workspace_id, compute.name)
        opened = self._context.vault.open(compute.sealed, purpose=purpose)
        return msgspec.json.decode(opened, type=dict[str, str])

    def change(
        self, workspace_id: str, name: str, change: ComputeChange, *, caller: Principal
    ) -> Compute:
        """Change what is given.

        Raises:
            NotFoundError: `ComputeNotFound`.
            InvalidError: As `create`; `InvalidScale` for a target without nodes;
                `CredentialNeeded`, since what opens one place is not sent to another.
            ConflictError: `InsufficientCapacity` for what is deployed there.
        """
        present = self.get(workspace_id, name, caller=caller)
        settings = present.settings
        if change.settings is not None:
            settings = check_compute_settings(change.settings)
        if present.sealed and change.credential is None:
            check_same_place(present.name, present.settings, settings)
        scale = present.scale
        if change.scale is not None:
            if not present.has_nodes:
                raise InvalidError(
                    "InvalidScale",
                    f"The compute target {shown(name)} is no cluster and has no nodes.",
                    target="scale",
                )
            scale = check_scale(change.scale)
        changed = replace(
            present,
            scale=scale,
            limits=check_limits(change.limits or present.limits),
            settings=settings,
            sealed=present.sealed
            if change.credential is None
            else self._sealed(workspace_id, present.name, change.credential),
            description=present.description
            if change.description is None
            else check_text(change.description, target="description"),
            tags=change_tags(present.tags, change.tags),
            updated_at=self._context.clock.now(),
        )
        if changed.kind is ComputeKind.SERVING:
            check_serving(changed)
            check_holds(self._stores, changed)
        self._put(changed)
        return changed

    def delete(self, workspace_id: str, name: str, *, caller: Principal) -> None:
        """Delete or detach a target where no run waits or executes, and no service is.

        Raises:
            NotFoundError: `ComputeNotFound`.
            ConflictError: `ComputeBusy` or `ComputeServes`, naming the services.
        """
        compute = self.get(workspace_id, name, caller=caller)
        check_serves_nobody(self._stores, compute)
        waiting, going = self._stores.runs.count_open(workspace_id, compute.name)
        if waiting or going:
            raise ConflictError(
                "ComputeBusy",
                f"{going} runs execute on {shown(compute.name)} and {waiting} wait for it.",
                target="name",
                hint="Cancel them, or wait until they have ended.",
                name=compute.name,
            )
        if compute.kind is ComputeKind.INSTANCE:
            self._put(replace(compute, state=ComputeState.DELETING))
        else:
            self._stores.computes.remove(workspace_id, compute.name)

    def turn(self, workspace_id: str, name: str, power: Power, *, caller: Principal) -> Compute:
        """Start, stop or restart an instance: `power` is the state on the way there.

        Raises:
            NotFoundError: `ComputeNotFound`.
            InvalidError: `NotAnInstance`.
            ConflictError: `InstanceState`.
        """
        compute = self.get(workspace_id, name, caller=caller)
        if compute.kind is not ComputeKind.INSTANCE:
            raise InvalidError(
                "NotAnInstance",
                f"The compute target {shown(name)} is no instance: it is not started or stopped.",
                target="name",
            )
        if power not in _WAYS.get(compute.power, ()):
            raise ConflictError(
                "InstanceState",
                f"The instance {shown(name)} is {compute.power} and cannot be {power} now.",
                target="power",
                hint="Wait until it has settled: `wait_for_completion`.",
            )
        if compute.power is power:
            return compute
        turned = replace(
            compute,
            # What failed is made anew.
            state=ComputeState.CREATING if compute.state is ComputeState.FAILED else compute.state,
            power=power,
            errors=(),
            updated_at=self._context.clock.now(),
        )
        self._put(turned)
        return turned

    def save(self, seen: Compute, compute: Compute) -> None:
        """Keep what the engine made of a target, unless somebody changed it meanwhile.

        Raises:
            NotFoundError: `ComputeNotFound`, when it was deleted.
            ConflictError: `ComputeChanged`.
        """
        self.check_unchanged(seen)
        self._put(compute)

    def check_unchanged(self, seen: Compute) -> None:
        """Refuse what was decided about a target that is another by now.

        Raises:
            NotFoundError: `ComputeNotFound`, when it was deleted.
            ConflictError: `ComputeChanged`.
        """
        if found_compute(self._stores, seen.workspace_id, seen.name) != seen:
            raise ConflictError(
                "ComputeChanged",
                f"The compute target {shown(seen.name)} was changed in the meantime.",
                target="compute",
            )

    def forget(self, compute: Compute) -> None:
        """Remove a target of which nothing is left."""
        self._stores.computes.remove(compute.workspace_id, compute.name)
        self._tell()

    def node(self, compute: Compute, node_id: str) -> Node:
        """Return a node of a cluster.

        Raises:
            NotFoundError: `NodeNotFound`.
            ConflictError: `NodeState`, when it does no work.
        """
        node = next((one for one in compute.nodes if one.id == node_id), None)
        if node is None:
            known = ", ".join(shown(one.id) for one in compute.nodes) or "none"
            raise NotFoundError(
                "NodeNotFound",
                f"The compute target {shown(compute.name)} has no node {shown(node_id)}.",
                target="node",
                hint=f"Its nodes: {known}.",
            )
        if node.state not in {NodeState.IDLE, NodeState.RUNNING}:
            raise ConflictError(
                "NodeState", f"The node {shown(node_id)} is {node.state}.", target="node"
            )
        return node

    def _sealed(self, workspace_id: str, name: str, credential: Mapping[str, str]) -> bytes:
        given = {key: value for key, value in credential.items() if value}
        if not given:
            return b""
        value = msgspec.json.encode(given)
        if len(value) > _MAX_CREDENTIAL:
            raise InvalidError(
                "CredentialTooLong",
                f"The credential has {len(value)} bytes; at most {_MAX_CREDENTIAL} are kept.",
                target="credential",
            )
        return self._context.vault.seal(value, purpose=_purpose(workspace_id, name))

    def _put(self, compute: Compute) -> None:
        self._stores.computes.put(compute)
        self._tell()

    def _tell(self) -> None:
        def hint() -> None:
            self._context.wakeup.hint("computes")
            self._context.wakeup.hint("runs")

        self._stores.after_commit(hint)


def found_compute(stores: Stores, workspace_id: str, name: str) -> Compute:
    """Return a target.

    Raises:
        NotFoundError: `ComputeNotFound`, listing those there are.
    """
    found = stores.computes.find(workspace_id, name)
    if found is None:
        names = [LOCAL, *(compute.name for compute in stores.computes.list(workspace_id))]
        near = closest(name, names)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise NotFoundError(
            "ComputeNotFound",
            f"There is no compute target {shown(name)} here.",
            target="compute",
            hint=(f"Did you mean {shown(near)}? " if near else "")
            + f"Compute targets: {', '.join(shown(one) for one in names[:_NAMED])}{more}.",
            name=name,
        )
    return found


_MADE_LATER = frozenset({ComputeKind.INSTANCE, ComputeKind.RAY, ComputeKind.KUBERNETES})
"""Kinds whose targets the engine makes or reaches; until then no run starts there."""
_P = Power
_WAYS: dict[Power, frozenset[Power]] = {
    _P.STARTING: frozenset({_P.STARTING}),
    _P.RUNNING: frozenset({_P.STOPPING, _P.RESTARTING}),
    _P.STOPPED: frozenset({_P.STARTING, _P.RESTARTING}),
    _P.STOPPING: frozenset({_P.STOPPING}),
    _P.RESTARTING: frozenset({_P.RESTARTING}),
    _P.SETUP_FAILED: frozenset({_P.STARTING, _P.RESTARTING}),
}


def _scale_of(new: NewCompute) -> Scale | None:
    if new.kind is ComputeKind.CLUSTER:
        return check_scale(new.scale or Scale())
    if new.scale is not None:
        raise InvalidError(
            "InvalidScale",
            f"A compute target of kind {shown(new.kind)} has no nodes.",
            target="scale",
            hint="Only clusters have a scale.",
        )
    return None


def _purpose(workspace_id: str, name: str) -> str:
    return f"compute {workspace_id} {name}"
