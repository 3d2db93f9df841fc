"""The clusters that a workspace may be given when it is created."""

from __future__ import annotations

from typing import Any

from azureml.core import _late
from azureml.core._nouns import nouns_of
from azureml.exceptions import UserErrorException

_NODES = 2
_SIZES = {"cpu": "STANDARD_DS2_V2", "gpu": "STANDARD_NC6"}
_NAMES = {"cpu": "cpu-cluster", "gpu": "gpu-cluster"}


class DefaultConfiguration:
    """The configuration of a default cluster, made when it is looked at."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __get__(self, owner: Any, _type: Any = None) -> Any:
        """Return the configuration."""
        make = _late.find("azureml.core.compute.amlcompute", "AmlCompute")
        return make.provisioning_configuration(vm_size=_SIZES[self._kind], max_nodes=_NODES)


def create_defaults(workspace: Any, **configurations: Any) -> None:
    """Create the default clusters that are asked for, unless they are there.

    Args:
        workspace: The workspace.
        **configurations: `cpu` and `gpu`: a configuration, or None for none.
    """
    wanted = {_NAMES[kind]: one for kind, one in configurations.items() if one is not None}
    if not wanted:
        return
    there = {one.name for one in nouns_of(workspace).computes.list()}
    create = _late.find("azureml.core.compute.compute", "ComputeTarget").create
    for name, configuration in wanted.items():
        if name not in there:
            create(workspace, name, configuration)


def default_target(workspace: Any, kind: Any) -> Any:
    """Return the default cluster of a kind; None when the workspace has none.

    Raises:
        UserErrorException: The kind is neither `CPU` nor `GPU`.
    """
    name = _NAMES.get(str(kind).lower())
    if name is None:
        raise UserErrorException(f"`type` is {kind!r}; `CPU` or `GPU` is expected.")
    return workspace.compute_targets.get(name)
