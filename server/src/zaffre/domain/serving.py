"""What a serving target has room for: the cores and the memory of its machines together."""

from dataclasses import dataclass
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.computes import Compute
from zaffre.domain.endpoints import DeploymentSpec
from zaffre.domain.errors import InvalidError

MIN_CORES: Final = 12
"""A cluster that is not for trying has at least as many, as in Azure."""
_DEV_TEST: Final = "DevTest"
_USUAL_COUNT: Final = 3
_MAX_COUNT: Final = 1000
_MB_PER_GB: Final = 1024
_CLOSE: Final = 1e-9
"""Sums of tenths are not exact."""


@dataclass(frozen=True, slots=True)
class ServingSize:
    """Cores and memory."""

    cores: float
    memory_gb: float

    def without(self, other: "ServingSize") -> "ServingSize":
        """Return what is left of it."""
        return ServingSize(
            max(self.cores - other.cores, 0.0), max(self.memory_gb - other.memory_gb, 0.0)
        )

    def fits(self, free: "ServingSize") -> bool:
        """Tell whether there is room for it."""
        return self.cores <= free.cores + _CLOSE and self.memory_gb <= free.memory_gb + _CLOSE

    def in_words(self) -> str:
        """Return it for people."""
        return f"{round(self.cores, 3):g} cores and {round(self.memory_gb, 3):g} GB"


def capacity_of(compute: Compute) -> ServingSize | None:
    """Return what the machines of a serving target have together; None where nobody said it."""
    resources = compute.resources
    if resources.cores is None or resources.memory_mb is None:
        return None
    count = compute.settings.get("agent_count", _USUAL_COUNT)
    return ServingSize(resources.cores * count, resources.memory_mb * count / _MB_PER_GB)


def asked_by(spec: DeploymentSpec) -> ServingSize:
    """Return what a deployment asks for with all its replicas."""
    return ServingSize(spec.cpu_cores * spec.replicas, spec.memory_gb * spec.replicas)


def check_serving(compute: Compute) -> None:
    """Refuse a serving target that is too small, unless it is for trying.

    Raises:
        InvalidError: `InvalidSetting` or `TooFewCores`.
    """
    count = compute.settings.get("agent_count", _USUAL_COUNT)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MAX_COUNT:
        raise InvalidError(
            "InvalidSetting",
            f"`agent_count` is a number from 1 to {_MAX_COUNT}, not {shown(count)}.",
            target="settings",
        )
    there = capacity_of(compute)
    if there is None or compute.settings.get("cluster_purpose") == _DEV_TEST:
        return
    if there.cores < MIN_CORES:
        raise InvalidError(
            "TooFewCores",
            f"{count} machines of the size {shown(compute.vm_size)} have {there.cores:g} cores; "
            f"a cluster that serves has at least {MIN_CORES}.",
            target="settings",
            hint="Take more or larger machines, or `DevTest` as `cluster_purpose`.",
        )
