"""Compute targets: where runs execute. Each class is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "AdlaCompute",
    "AksCompute",
    "AmlCompute",
    "BatchCompute",
    "ComputeInstance",
    "ComputeTarget",
    "ComputeTargetException",
    "DataFactoryCompute",
    "DatabricksCompute",
    "DsvmCompute",
    "HDInsightCompute",
    "KubernetesCompute",
    "KustoCompute",
    "RayCompute",
    "RemoteCompute",
    "SynapseCompute",
]

_HOMES = {
    "AdlaCompute": "adla",
    "AksCompute": "aks",
    "AmlCompute": "amlcompute",
    "BatchCompute": "batch",
    "ComputeInstance": "computeinstance",
    "ComputeTarget": "compute",
    "ComputeTargetException": "compute",
    "DataFactoryCompute": "datafactory",
    "DatabricksCompute": "databricks",
    "DsvmCompute": "dsvm",
    "HDInsightCompute": "hdinsight",
    "KubernetesCompute": "kubernetescompute",
    "KustoCompute": "kusto",
    "RayCompute": "ray",
    "RemoteCompute": "remote",
    "SynapseCompute": "synapse",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
