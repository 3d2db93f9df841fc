"""How a cluster is: its scale, and how many nodes it has in which state."""

from __future__ import annotations

from typing import Any

from azureml.core.compute._documents import duration, moment, seconds_of
from azureml.exceptions import ComputeTargetException


class ScaleSettings:
    """How many nodes a cluster may have.

    Args:
        minimum_node_count: Kept even when nothing runs.
        maximum_node_count: Never more than these.
        idle_seconds_before_scaledown: A node beyond the minimum leaves after that.
    """

    def __init__(
        self,
        minimum_node_count: int,
        maximum_node_count: int | None,
        idle_seconds_before_scaledown: float | None,
    ) -> None:
        self.minimum_node_count = minimum_node_count
        self.maximum_node_count = maximum_node_count
        self.idle_seconds_before_scaledown = idle_seconds_before_scaledown

    def serialize(self) -> dict[str, Any]:
        """Return it under v1's keys."""
        return {
            "minNodeCount": self.minimum_node_count,
            "maxNodeCount": self.maximum_node_count,
            "nodeIdleTimeBeforeScaleDown": duration(self.idle_seconds_before_scaledown),
        }

    @staticmethod
    def deserialize(object_dict: dict[str, Any] | None) -> ScaleSettings | None:
        """Return what `serialize` wrote; None for nothing."""
        if not object_dict:
            return None
        _check(object_dict, "minNodeCount", "maxNodeCount", "nodeIdleTimeBeforeScaleDown")
        return ScaleSettings(
            object_dict["minNodeCount"],
            object_dict["maxNodeCount"],
            seconds_of(object_dict["nodeIdleTimeBeforeScaleDown"]),
        )


class AmlComputeNodeStateCounts:
    """How many nodes are in which state."""

    def __init__(
        self,
        idle_node_count: int,
        leaving_node_count: int,
        preempted_node_count: int,
        preparing_node_count: int,
        running_node_count: int,
        unusable_node_count: int,
    ) -> None:
        self.idle_node_count = idle_node_count
        self.leaving_node_count = leaving_node_count
        self.preempted_node_count = preempted_node_count
        self.preparing_node_count = preparing_node_count
        self.running_node_count = running_node_count
        self.unusable_node_count = unusable_node_count

    def serialize(self) -> dict[str, int]:
        """Return them under v1's keys."""
        return {
            "preparingNodeCount": self.preparing_node_count,
            "runningNodeCount": self.running_node_count,
            "idleNodeCount": self.idle_node_count,
            "unusableNodeCount": self.unusable_node_count,
            "leavingNodeCount": self.leaving_node_count,
            "preemptedNodeCount": self.preempted_node_count,
        }

    @staticmethod
    def deserialize(object_dict: dict[str, Any] | None) -> AmlComputeNodeStateCounts | None:
        """Return what `serialize` wrote; None for nothing."""
        if not object_dict:
            return None
        _check(object_dict, *(f"{state}NodeCount" for state in _STATES))
        return AmlComputeNodeStateCounts(*(object_dict[f"{state}NodeCount"] for state in _STATES))


_STATES = ("idle", "leaving", "preempted", "preparing", "running", "unusable")


class AmlComputeStatus:
    """How a cluster is.

    Attributes:
        allocation_state: `Steady`, or `Resizing` while it has not the nodes that it should have.
        current_node_count: Nodes that are there.
        target_node_count: Nodes that should be there.
        provisioning_state: Of the cluster itself, such as `Succeeded`.
        errors: Why it is not as it should be; None when it is.
    """

    def __init__(
        self,
        allocation_state: str,
        allocation_state_transition_time: Any,
        creation_time: Any,
        current_node_count: int,
        errors: list[Any] | None,
        modified_time: Any,
        node_state_counts: AmlComputeNodeStateCounts | None,
        provisioning_state: str,
        provisioning_state_transition_time: Any,
        scale_settings: ScaleSettings | None,
        target_node_count: int,
        vm_priority: str,
        vm_size: str,
    ) -> None:
        self.allocation_state = allocation_state
        self.allocation_state_transition_time = allocation_state_transition_time
        self.creation_time = creation_time
        self.current_node_count = current_node_count
        self.errors = errors
        self.modified_time = modified_time
        self.node_state_counts = node_state_counts
        self.provisioning_state = provisioning_state
        self.provisioning_state_transition_time = provisioning_state_transition_time
        self.scale_settings = scale_settings
        self.target_node_count = target_node_count
        self.vm_priority = vm_priority
        self.vm_size = vm_size

    def serialize(self) -> dict[str, Any]:
        """Return it under v1's keys."""
        counts, scale = self.node_state_counts, self.scale_settings
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": counts.serialize() if counts else None,
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": _iso(self.allocation_state_transition_time),
            "errors": self.errors,
            "creationTime": _iso(self.creation_time),
            "modifiedTime": _iso(self.modified_time),
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": _iso(self.provisioning_state_transition_time),
            "scaleSettings": scale.serialize() if scale else None,
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }

    @staticmethod
    def deserialize(object_dict: dict[str, Any] | None) -> AmlComputeStatus | None:
        """Return what `serialize` wrote; None for nothing."""
        if not object_dict:
            return None
        _check(object_dict, "currentNodeCount", "targetNodeCount", "allocationState")
        return AmlComputeStatus(
            object_dict["allocationState"],
            moment(object_dict.get("allocationStateTransitionTime")),
            moment(object_dict.get("creationTime")),
            object_dict["currentNodeCount"],
            object_dict.get("errors"),
            moment(object_dict.get("modifiedTime")),
            AmlComputeNodeStateCounts.deserialize(object_dict.get("nodeStateCounts")),
            object_dict.get("provisioningState", ""),
            moment(object_dict.get("provisioningStateTransitionTime")),
            ScaleSettings.deserialize(object_dict.get("scaleSettings")),
            object_dict["targetNodeCount"],
            object_dict.get("vmPriority", ""),
            object_dict.get("vmSize", ""),
        )


def _iso(time: Any) -> str | None:
    return None if time is None else str(time.isoformat())


def _check(document: dict[str, Any], *keys: str) -> None:
    missing = [f"`{key}`" for key in keys if key not in document]
    if missing:
        raise ComputeTargetException(f"{document!r} lacks {', '.join(missing)}.")
