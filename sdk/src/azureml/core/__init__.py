"""The classes that v1 programs import; each is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "ComputeTarget",
    "ContainerRegistry",
    "Dataset",
    "Datastore",
    "Environment",
    "Experiment",
    "Image",
    "Keyvault",
    "Model",
    "Run",
    "RunConfiguration",
    "ScriptRun",
    "ScriptRunConfig",
    "Webservice",
    "Workspace",
    "get_run",
]

VERSION = "1.61.0"

_HOMES = {
    "ComputeTarget": "compute",
    "ContainerRegistry": "container_registry",
    "Dataset": "dataset",
    "Datastore": "datastore",
    "Environment": "environment",
    "Experiment": "experiment",
    "Image": "image",
    "Keyvault": "keyvault",
    "Model": "model",
    "Run": "run",
    "RunConfiguration": "runconfig",
    "ScriptRun": "script_run",
    "ScriptRunConfig": "script_run_config",
    "Webservice": "webservice",
    "Workspace": "workspace",
    "get_run": "run",
}
# Programs that were written down from memory look for it here.
_ELSEWHERE = {"Estimator": "azureml.train.estimator"}


def __getattr__(name: str) -> Any:
    home = _ELSEWHERE.get(name) or (f"{__name__}.{_HOMES[name]}" if name in _HOMES else None)
    if home is None:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
