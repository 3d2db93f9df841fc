"""A compute target: where runs execute. Its kinds, its nodes, and what it may be told.

A cluster is a number of slots of this machine, its nodes: one run holds a node, or as many as it
asked for. Nodes come when runs wait and leave when they were idle for long; what a node may use
is said by the size of virtual machine that the cluster was created with.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.vm_sizes import vm_size

LOCAL: Final = "local"
"""The target that is always there: this machine, outside of any cluster."""
MAX_NODES: Final = 1000
_MAX_SETTINGS: Final = 100
_MAX_SETTING: Final = 65_536
_MAX_SECONDS: Final = 10 * 365 * 86_400
_NUMBERS: Final = {
    "slots": (1, MAX_NODES),
    "port": (1, 65_535),
    "idle_seconds": (0, _MAX_SECONDS),
}
"""Settings that are whole numbers, each with the least and the most that it may be."""
_PLACE: Final = re.compile(
    r"(?!server_url$)(.*_)?(address|endpoint|host|hostname|port|server|url|user|username)",
    re.IGNORECASE,
)
"""Names of settings that say where a target is, or who logs in there; `server_url` is where it
finds this server."""


class ComputeKind(StrEnum):
    """What sort of target it is."""

    CLUSTER = "cluster"
    """Nodes on this machine that come and go."""
    INSTANCE = "instance"
    """A place to work in, with Jupyter."""
    MACHINE = "machine"
    """Another machine, reached over SSH."""
    RAY = "ray"
    KUBERNETES = "kubernetes"
    """A namespace of a cluster, where each run is a Job."""
    SPARK = "spark"
    """A Spark on this machine."""
    DATABRICKS = "databricks"
    """A workspace of Databricks, reached over HTTP."""
    SERVING = "serving"
    """Capacity for endpoints; runs do not execute there."""
    LINKED = "linked"
    """Known by name; nothing executes there."""


_K = ComputeKind
RUNNING_KINDS: Final = frozenset(
    {_K.CLUSTER, _K.INSTANCE, _K.MACHINE, _K.RAY, _K.KUBERNETES, _K.SPARK, _K.DATABRICKS}
)
"""Where runs may execute."""
_SLOTS: Final = {
    _K.INSTANCE: 1,
    _K.MACHINE: 4,
    _K.RAY: 64,
    _K.KUBERNETES: 64,
    _K.SPARK: 2,
    _K.DATABRICKS: 64,
}
"""How many runs execute at once where there are no nodes, unless the setting `slots` says so."""


class ComputeState(StrEnum):
    """How far the target itself has come, as Azure ML names it."""

    CREATING = "Creating"
    SUCCEEDED = "Succeeded"
    UPDATING = "Updating"
    DELETING = "Deleting"
    FAILED = "Failed"


class Power(StrEnum):
    """The states of an instance, as Azure ML names them."""

    NONE = ""
    STARTING = "Starting"
    RUNNING = "Running"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    RESTARTING = "Restarting"
    SETUP_FAILED = "SetupFailed"


class NodeState(StrEnum):
    """What a node is about."""

    PREPARING = "preparing"
    IDLE = "idle"
    RUNNING = "running"
    LEAVING = "leaving"
    PREEMPTED = "preempted"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a cluster.

    Attributes:
        run_id: The run that holds it.
        since: When it came into its state.
    """

    id: str
    state: NodeState
    since: datetime
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many nodes a cluster may have.

    Attributes:
        idle_seconds: A node beyond the minimum leaves after it was idle so long.
    """

    min_nodes: int = 0
    max_nodes: int = 1
    idle_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeLimits:
    """What a target allows; None is without limit."""

    max_queued: int | None = None
    max_running_per_user: int | None = None
    max_run_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeError:
    """Why a target is not as it should be."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """A compute target of a workspace.

    Attributes:
        type: The word of Azure ML for it, such as `AmlCompute`.
        low_priority: Its nodes may be taken away for others.
        scale: None where there are no nodes.
        settings: What its kind needs besides; public.
        sealed: Its credential, encrypted; empty without one.
        state: How far the target itself has come.
        power: Of an instance.
        handle: What the engine needs to find again what it started for the target.
        urls: Where programs of an instance are opened, by name.
    """

    workspace_id: str
    name: str
    kind: ComputeKind
    type: str = ""
    location: str = ""
    vm_size: str = ""
    low_priority: bool = False
    scale: Scale | None = None
    limits: ComputeLimits = field(default_factory=ComputeLimits)
    settings: dict[str, Any] = field(default_factory=dict)
    sealed: bytes = b""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    state: ComputeState = ComputeState.SUCCEEDED
    power: Power = Power.NONE
    errors: tuple[ComputeError, ...] = ()
    nodes: tuple[Node, ...] = ()
    handle: dict[str, Any] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    created_by: str = ""
    created_at: datetime
    updated_at: datetime

    @property
    def has_nodes(self) -> bool:
        """Whether runs hold nodes of it."""
        return self.kind is ComputeKind.CLUSTER

    @property
    def slots(self) -> int:
        """How many nodes, or runs where there are no nodes, it may have at once."""
        if self.scale is not None:
            return self.scale.max_nodes
        given = self.settings.get("slots")
        return given if isinstance(given, int) else _SLOTS.get(self.kind, 0)

    @property
    def is_ready(self) -> bool:
        """Whether runs may be admitted."""
        if self.kind is ComputeKind.INSTANCE and self.power is not Power.RUNNING:
            return False
        return self.state in {ComputeState.SUCCEEDED, ComputeState.UPDATING}

    @property
    def resources(self) -> "NodeResources":
        """What a run may use of one node."""
        if not self.vm_size:
            return NodeResources()
        size = vm_size(self.vm_size)
        return NodeResources(cores=size.cores, memory_mb=size.memory_mb, gpus=size.gpus)

    def with_nodes(self, nodes: tuple[Node, ...]) -> "Compute":
        """Return it with these nodes."""
        return replace(self, nodes=nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResources:
    """What a run may use; None is as much as the machine has."""

    cores: int | None = None
    memory_mb: int | None = None
    gpus: int | None = None


def check_scale(scale: Scale) -> Scale:
    """Return the scale.

    Raises:
        InvalidError: `InvalidScale`, naming the field.
    """
    if not 0 <= scale.max_nodes <= MAX_NODES:
        raise _scale(
            f"A cluster has 0 to {MAX_NODES} nodes at most, not {scale.max_nodes}.", "max_nodes"
        )
    if scale.min_nodes < 0:
        raise _scale(f"`min_nodes` is {scale.min_nodes}, less than none.", "min_nodes")
    if scale.min_nodes > scale.max_nodes:
        raise _scale(
            f"`min_nodes` is {scale.min_nodes}, more than the {scale.max_nodes} of `max_nodes`.",
            "min_nodes",
        )
    if not 0 <= scale.idle_seconds <= _MAX_SECONDS:
        raise _scale(f"{scale.idle_seconds} seconds are no time to be idle.", "idle_seconds")
    return scale


def check_limits(limits: ComputeLimits) -> ComputeLimits:
    """Return the limits.

    Raises:
        InvalidError: `InvalidLimit`, naming the field.
    """
    for name in ("max_queued", "max_running_per_user", "max_run_seconds"):
        value = getattr(limits, name)
        if value is not None and not 1 <= value <= _MAX_SECONDS:
            raise InvalidError(
                "InvalidLimit",
                f"The limit {shown(name)} of {value} is not allowed.",
                target=f"limits.{name}",
                hint="Give a whole number from 1 on, or leave it out to have no limit.",
            )
    return limits


def check_compute_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings if they are few and short.

    Raises:
        InvalidError: `InvalidSetting`.
    """
    if len(settings) > _MAX_SETTINGS:
        raise _setting(f"There are {len(settings)} settings; at most {_MAX_SETTINGS} are kept.")
    for name, value in settings.items():
        if len(name) + len(repr(value)) > _MAX_SETTING:
            raise _setting(f"The setting {shown(name)} is longer than {_MAX_SETTING} characters.")
    for name, (least, most) in _NUMBERS.items():
        value = settings.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _setting(f"`{name}` is a number from {least} to {most}, not {shown(value)}.")
    return dict(settings)


def check_same_place(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Refuse settings by which a credential would be shown to somebody else.

    Raises:
        InvalidError: `CredentialNeeded`, naming the first such setting.
    """
    for setting in sorted({*before, *after}):
        if _PLACE.fullmatch(setting) and before.get(setting) != after.get(setting):
            raise InvalidError(
                "CredentialNeeded",
                f"The setting {shown(setting)} says how {shown(name)} is reached; its credential "
                "was given for the place that it has now.",
                target="credential",
                hint="Give the credential again with the change.",
            )


def _scale(message: str, name: str) -> InvalidError:
    return InvalidError("InvalidScale", message, target=f"scale.{name}")


def _setting(message: str) -> InvalidError:
    return InvalidError("InvalidSetting", message, target="settings")
