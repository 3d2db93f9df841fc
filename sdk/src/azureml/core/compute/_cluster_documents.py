"""What the document about a cluster has that no other compute target has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from azureml.core._run_base import iso
from azureml.core.compute._cluster_status import AmlComputeNodeStateCounts
from azureml.core.compute._documents import duration, errors_of

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeOut, NodeOut

_ABSENT = frozenset({"preempted", "leaving"})
_NETWORK = ("vnet_resourcegroup_name", "vnet_name", "subnet_name")


def details_of(found: ComputeOut) -> dict[str, Any]:
    """Return how a cluster was asked for."""
    settings, scale = found.settings, found.scale
    return {
        "vmSize": found.vm_size.upper(),  # as Azure answers it, whatever was asked for
        "vmPriority": "LowPriority" if found.low_priority else "Dedicated",
        "scaleSettings": scale
        and {
            "minNodeCount": scale.min_nodes,
            "maxNodeCount": scale.max_nodes,
            "nodeIdleTimeBeforeScaleDown": duration(scale.idle_seconds),
        },
        "userAccountCredentials": {"adminUserName": settings.get("admin_username")},
        "subnet": {key: settings[key] for key in _NETWORK if key in settings},
        "remoteLoginPortPublicAccess": settings.get("remote_login_port_public_access"),
    }


def identity_of(found: ComputeOut) -> dict[str, Any] | None:
    """Return the identity that is kept with a cluster."""
    kind = found.settings.get("identity_type")
    if kind is None:
        return None
    return {"type": kind, "userAssignedIdentities": found.settings.get("identity_id")}


def status_of(found: ComputeOut) -> dict[str, Any]:
    """Return how a cluster is, as `AmlComputeStatus` serializes it."""
    details = details_of(found)
    counts = Counter(node.state for node in found.nodes)
    there = [node for node in found.nodes if node.state not in _ABSENT]
    moved = max((node.since for node in found.nodes), default=found.updated_at)
    return {
        "currentNodeCount": len(there),
        "targetNodeCount": found.target_nodes,
        "nodeStateCounts": AmlComputeNodeStateCounts(
            counts["idle"],
            counts["leaving"],
            counts["preempted"],
            counts["preparing"],
            counts["running"],
            counts["unusable"],
        ).serialize(),
        "allocationState": "Resizing" if found.resizing else "Steady",
        "allocationStateTransitionTime": iso(moved),
        "errors": errors_of(found),
        "creationTime": iso(found.created_at),
        "modifiedTime": iso(found.updated_at),
        "provisioningState": found.state,
        "provisioningStateTransitionTime": None,
        "scaleSettings": details["scaleSettings"],
        "vmPriority": details["vmPriority"],
        "vmSize": details["vmSize"],
    }


def node_of(node: NodeOut) -> dict[str, Any]:
    """Return a node as `list_nodes` gives it."""
    return {
        "nodeId": node.id,
        "port": node.port or None,
        "publicIpAddress": node.address or None,
        "privateIpAddress": node.address or None,
        "nodeState": node.state,
        "runId": node.run_id,
    }
