"""Compute targets between the wire and the domain."""

from collections.abc import Sequence

from zaffre_sdk.wire import computes as wire

from zaffre.domain.computes import (
    Compute,
    ComputeKind,
    ComputeLimits,
    Node,
    NodeState,
    Scale,
)
from zaffre.domain.vm_sizes import VmSize
from zaffre.protocols.native.translate.words import from_time, to_word
from zaffre.services.computes import ComputeChange, NewCompute


def to_new_compute(given: wire.ComputeIn) -> NewCompute:
    """Return what the caller says of a target to be."""
    return NewCompute(
        name=given.name,
        kind=to_word(given.kind, ComputeKind, target="kind"),
        type=given.type,
        location=given.location,
        vm_size=given.vm_size,
        low_priority=given.low_priority,
        scale=_to_scale(given.scale),
        limits=_to_limits(given.limits) or ComputeLimits(),
        settings=given.settings,
        credential=given.credential,
        description=given.description,
        tags=given.tags,
    )


def to_compute_change(given: wire.ComputeChange) -> ComputeChange:
    """Return what to change."""
    return ComputeChange(
        scale=_to_scale(given.scale),
        limits=_to_limits(given.limits),
        settings=given.settings,
        credential=given.credential,
        description=given.description,
        tags=given.tags or {},
    )


def from_compute(
    compute: Compute, *, queued: int, services: Sequence[str] = ()
) -> wire.ComputeOut:
    """Return a target as clients see it, without its secrets.

    Args:
        compute: The target.
        queued: How many runs wait for it.
        services: The names of what is deployed there.
    """
    resources, scale = compute.resources, compute.scale
    return wire.ComputeOut(
        name=compute.name,
        kind=compute.kind,
        type=compute.type,
        location=compute.location,
        vm_size=compute.vm_size,
        low_priority=compute.low_priority,
        scale=None
        if scale is None
        else wire.Scale(
            min_nodes=scale.min_nodes,
            max_nodes=scale.max_nodes,
            idle_seconds=scale.idle_seconds,
        ),
        limits=wire.ComputeLimits(
            max_queued=compute.limits.max_queued,
            max_running_per_user=compute.limits.max_running_per_user,
            max_run_seconds=compute.limits.max_run_seconds,
        ),
        settings=compute.settings,
        has_credential=bool(compute.sealed),
        description=compute.description,
        tags=compute.tags,
        state=compute.state,
        power=compute.power,
        errors=[wire.ComputeError(code=one.code, message=one.message) for one in compute.errors],
        nodes=[from_node(node) for node in compute.nodes],
        resizing=_target_nodes(compute, queued) != len(compute.nodes),
        target_nodes=_target_nodes(compute, queued),
        cores=resources.cores,
        memory_mb=resources.memory_mb,
        gpus=resources.gpus or 0,
        urls=compute.urls,
        queued=queued,
        services=list(services),
        created_by=compute.created_by,
        created_at=from_time(compute.created_at),
        updated_at=from_time(compute.updated_at),
    )


def from_node(node: Node) -> wire.NodeOut:
    """Return a node as clients see it."""
    return wire.NodeOut(
        id=node.id, state=node.state, run_id=node.run_id, since=from_time(node.since)
    )


def from_vm_size(size: VmSize) -> wire.VmSize:
    """Return a size as clients see it."""
    return wire.VmSize(name=size.name, cores=size.cores, memory_mb=size.memory_mb, gpus=size.gpus)


def _target_nodes(compute: Compute, queued: int) -> int:
    """Return how many nodes a cluster should have for what waits and executes there."""
    if compute.scale is None:
        return 0
    busy = sum(node.state is NodeState.RUNNING for node in compute.nodes)
    idle = sum(node.state is NodeState.IDLE for node in compute.nodes)
    demand = max(busy + queued, compute.scale.min_nodes, busy + idle if not queued else 0)
    return min(demand, compute.scale.max_nodes)


def _to_scale(given: wire.Scale | None) -> Scale | None:
    if given is None:
        return None
    return Scale(
        min_nodes=given.min_nodes, max_nodes=given.max_nodes, idle_seconds=given.idle_seconds
    )


def _to_limits(given: wire.ComputeLimits | None) -> ComputeLimits | None:
    if given is None:
        return None
    return ComputeLimits(
        max_queued=given.max_queued,
        max_running_per_user=given.max_running_per_user,
        max_run_seconds=given.max_run_seconds,
    )
