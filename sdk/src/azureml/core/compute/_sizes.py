"""The sizes of nodes that there are, and how many of their cores a workspace uses."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from azureml.core._nouns import nouns_of

if TYPE_CHECKING:
    from zaffre_sdk.wire.computes import ComputeOut, VmSize

_NAME = re.compile(
    r"standard_(?P<letters>[a-z]+)\d+(?:-\d+)?(?P<features>[a-z]*)(?P<rest>(?:_[a-z0-9]+)*)",
    re.IGNORECASE,
)
_MB_PER_GB = 1024
_NO_LIMIT = -1
_KIND = "Microsoft.MachineLearningServices/workspaces/{}"


def supported_sizes(workspace: Any) -> list[dict[str, Any]]:
    """Return the sizes as v1 lists them."""
    return [_listed(size) for size in nouns_of(workspace).computes.sizes()]


def usages(workspace: Any, *, each: bool) -> list[dict[str, Any]]:
    """Return the cores that the nodes of a workspace have, by family.

    Args:
        workspace: The workspace.
        each: List those of every compute target as well.
    """
    families: dict[str, int] = defaultdict(int)
    single = []
    for one in nouns_of(workspace).computes.list():
        cores = _cores(one)
        if cores is not None:
            families[family(one.vm_size)] += cores
            single.append(_usage(f"computes/{one.name}", family(one.vm_size), cores))
    total = [_usage("usages", name, cores) for name, cores in sorted(families.items())]
    return total + single if each else total


def quotas(workspace: Any) -> list[dict[str, Any]]:
    """Return the limits of the families in use: there is none of them."""
    return [
        {
            "id": _place(workspace, one["name"]["value"]),
            "type": _KIND.format("quotas"),
            "limit": _NO_LIMIT,
            "unit": "Count",
            "name": one["name"],
        }
        for one in usages(workspace, each=False)
    ]


def family(size: str) -> str:
    """Return the family of a size, such as `standardDSv2Family` of `STANDARD_DS2_V2`."""
    match = _NAME.fullmatch(size)
    if match is None:
        return size or "machine"
    rest = match["rest"].replace("_", "").lower()
    return f"standard{match['letters'].upper()}{match['features'].upper()}{rest}Family"


def _listed(size: VmSize) -> dict[str, Any]:
    return {
        "name": size.name,
        "family": family(size.name),
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "memoryGB": size.memory_mb / _MB_PER_GB,
        "lowPriorityCapable": True,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
    }


def _cores(found: ComputeOut) -> int | None:
    """Return the cores of a target that has any of its own."""
    if found.cores is None:
        return None
    if found.kind == "cluster":
        return found.cores * len(found.nodes)
    return found.cores if found.kind == "instance" and found.power == "Running" else None


def _usage(place: str, name: str, cores: int) -> dict[str, Any]:
    return {
        "id": place,
        "type": _KIND.format(place.partition("/")[0]),
        "unit": "Count",
        "currentValue": cores,
        "limit": _NO_LIMIT,
        "name": {"value": name, "localizedValue": name},
    }


def _place(workspace: Any, name: str) -> str:
    return (
        f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
        "/providers/Microsoft.MachineLearningServices"
        f"/workspaces/{workspace.name}/quotas/{name}"
    )
