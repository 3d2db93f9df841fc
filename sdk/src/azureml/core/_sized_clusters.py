"""Clusters that are made for runs which name a size in place of a target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from azureml.core._nouns import nouns_of
from azureml.exceptions import ComputeTargetException, UserErrorException
from zaffre_sdk.wire.computes import ComputeChange, ComputeIn, Scale

if TYPE_CHECKING:
    from azureml.core.runconfig import RunConfiguration
    from zaffre_sdk.wire.computes import ComputeOut

_LOW_PRIORITY = "lowpriority"
_PRIORITIES = (None, "", "dedicated", _LOW_PRIORITY)
_LONGEST_NAME = 64
_NOT_IN_NAME = re.compile(r"[^a-z0-9]+")


def cluster_for(workspace: Any, run_config: RunConfiguration) -> str:
    """Return the name of a cluster of the size that a run asks for; make it if there is none.

    It stays, so that the next run of the same size finds it; without runs it has no nodes.

    Raises:
        UserErrorException: No size is named, or the priority is not known.
    """
    asked = run_config.amlcompute
    if not asked.vm_size:
        raise UserErrorException(
            "The target `amlcompute` needs a size.\nGive `vm_size`, such as `STANDARD_D2_V2`, or "
            "the name of a cluster as `compute_target`."
        )
    priority = (asked.vm_priority or "").lower()
    if priority not in _PRIORITIES:
        raise UserErrorException(
            f"`vm_priority` must be `dedicated` or `lowpriority`, not {asked.vm_priority!r}."
        )
    computes = nouns_of(workspace).computes
    low = priority == _LOW_PRIORITY
    name = asked.name or _name(str(asked.vm_size), low_priority=low)
    nodes = max(asked.cluster_max_node_count or 1, run_config.node_count)
    try:
        found = computes.get(name)
    except ComputeTargetException as error:
        if error.code != "ComputeNotFound":
            raise
        scale = Scale(min_nodes=0, max_nodes=nodes)
        cluster = ComputeIn(
            name=name,
            kind="cluster",
            type="AmlCompute",
            vm_size=str(asked.vm_size),
            low_priority=low,
            scale=scale,
        )
        return str(computes.create(cluster).name)
    _widen(computes, found, nodes)
    return str(found.name)


def _widen(computes: Any, found: ComputeOut, nodes: int) -> None:
    scale = found.scale
    if scale is None or scale.max_nodes >= nodes:
        return
    wider = Scale(min_nodes=scale.min_nodes, max_nodes=nodes, idle_seconds=scale.idle_seconds)
    computes.change(found.name, ComputeChange(scale=wider))


def _name(vm_size: str, *, low_priority: bool) -> str:
    size = _NOT_IN_NAME.sub("-", vm_size.lower().removeprefix("standard_")).strip("-")
    return f"{'low' if low_priority else 'aml'}-{size}"[:_LONGEST_NAME].rstrip("-")
