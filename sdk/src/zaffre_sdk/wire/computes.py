"""Compute targets on the wire."""

from typing import Any, Optional

import msgspec

from zaffre_sdk.wire.shapes import In, Out


class Scale(In, omit_defaults=False):
    """How many nodes a cluster may have.

    Attributes:
        min_nodes: Kept even when nothing runs.
        max_nodes: Never more than these.
        idle_seconds: A node beyond the minimum leaves after it was idle so long.
    """

    min_nodes: int = 0
    max_nodes: int = 1
    idle_seconds: float = 120.0


class ComputeLimits(In, omit_defaults=False):
    """What a compute target allows; None is without limit.

    Attributes:
        max_queued: Runs that may wait; one more is refused.
        max_running_per_user: Runs of one person that execute at once; the rest wait.
        max_run_seconds: Runs are ended when they run longer, whatever they asked for.
    """

    max_queued: Optional[int] = None
    max_running_per_user: Optional[int] = None
    max_run_seconds: Optional[int] = None


class ComputeIn(In):
    """Create or attach a compute target.

    Attributes:
        kind: `cluster`, `instance`, `machine` (over SSH), `ray`, `kubernetes`, `spark`,
            `databricks` (over HTTP), `serving` or `linked` (known by name, nothing runs there).
        type: The word of Azure ML for it, such as `AmlCompute` or `Databricks`.
        vm_size: Such as `STANDARD_D2_V2`; says how many cores and how much memory a node has.
        low_priority: Its nodes may be taken away for others.
        settings: What that kind needs besides, such as `slots`: how many runs execute at once.
            Of a machine: `address`, `port`, `username`. Of `ray`: `address` of its dashboard,
            empty for a cluster that the server starts. Of `kubernetes`: `namespace`,
            `server_url`, `image`, `instance_types` and how its pods are made besides. Of
            `databricks`: `workspace_url`, `existing_cluster_id` or `new_cluster`. What only Azure
            has (`resource_id` and the like) is kept and shown.
        credential: Secrets; sealed, and never answered. Of a machine: `password`, or `private_key`
            with its `passphrase`. Of `ray`: `token`. Of `kubernetes`: `kubeconfig`. Of
            `databricks`: `access_token`.
    """

    name: str
    kind: str
    type: str = ""
    location: str = ""
    vm_size: str = ""
    low_priority: bool = False
    scale: Optional[Scale] = None
    limits: Optional[ComputeLimits] = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    credential: dict[str, str] = msgspec.field(default_factory=dict)
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class ComputeChange(In):
    """Change what is given; the rest stays.

    Attributes:
        credential: Takes the place of what is kept. It has to be given anew together with settings
            that say where the target is, or who logs in there.
    """

    scale: Optional[Scale] = None
    limits: Optional[ComputeLimits] = None
    settings: Optional[dict[str, Any]] = None
    credential: Optional[dict[str, str]] = None
    description: Optional[str] = None
    tags: Optional[dict[str, Optional[str]]] = None


class ComputeError(Out):
    """Why a compute target is not as it should be."""

    code: str
    message: str


class NodeOut(Out):
    """One node of a cluster.

    Attributes:
        state: `preparing`, `idle`, `running`, `leaving`, `preempted` or `unusable`.
        run_id: The run that executes there.
        since: When it came into that state.
    """

    id: str
    state: str
    run_id: Optional[str]
    since: float
    address: str = ""
    port: int = 0


class NodeList(Out):
    """The nodes of a cluster."""

    value: list[NodeOut]


class ComputeOut(Out):
    """A compute target as it is now.

    Attributes:
        state: Of the thing itself: `Creating`, `Succeeded`, `Updating`, `Deleting` or `Failed`.
        power: Of an instance: `Starting`, `Running`, `Stopping`, `Stopped`, `Restarting` or
            `SetupFailed`; empty for the rest.
        resizing: Whether a cluster has not yet the nodes that it should have.
        target_nodes: How many nodes a cluster should have.
        cores: Of one node, as are `memory_mb` and `gpus`; None is whatever the machine has.
        urls: Where the programs of an instance are opened, by name.
        queued: Runs that wait for it.
        services: What is deployed there, by name.
    """

    name: str
    kind: str
    type: str
    location: str
    vm_size: str
    low_priority: bool
    scale: Optional[Scale]
    limits: ComputeLimits
    settings: dict[str, Any]
    has_credential: bool
    description: str
    tags: dict[str, str]
    state: str
    power: str
    errors: list[ComputeError]
    nodes: list[NodeOut]
    resizing: bool
    target_nodes: int
    cores: Optional[int]
    memory_mb: Optional[int]
    gpus: int
    urls: dict[str, str]
    queued: int
    created_by: str
    created_at: float
    updated_at: float
    services: list[str] = msgspec.field(default_factory=list)


class ComputeList(Out):
    """The compute targets of a workspace, by name."""

    value: list[ComputeOut]


class VmSize(Out):
    """A size of node."""

    name: str
    cores: int
    memory_mb: int
    gpus: int


class VmSizeList(Out):
    """The sizes that nodes may have."""

    value: list[VmSize]
