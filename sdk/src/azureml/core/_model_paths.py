"""Where the files of models lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from azureml.core import _late
from azureml.exceptions import ModelNotFoundException, WebserviceException

MODEL_DIRECTORY = "AZUREML_MODEL_DIR"
_EVERY_MODEL = "ZAFFRE_MODELS_DIR"
_CACHE = "azureml-models"


def model_path(name: str, version: int | None, workspace: Any) -> str:
    """Return the local path of a model: a file, or the folder that was registered.

    Inside a service the models lie beside the script; elsewhere the newest version, or the one
    asked for, is fetched into `azureml-models` unless it is there.

    Raises:
        ModelNotFoundException: There is no such model, or no workspace to ask.
    """
    roots = _roots()
    for root in roots:
        found = _local(root / name, version)
        if found is not None:
            return str(found)
    if os.environ.get(MODEL_DIRECTORY):
        wanted = name if version is None else f"{name}:{version}"
        there = ", ".join(f"`{one}`" for one in _deployed(roots)) or "none"
        raise ModelNotFoundException(
            f"The model `{wanted}` was not deployed with this service, which has {there}.\n"
            "Add it to the `models` of `Model.deploy`."
        )
    model = _late.find("azureml.core.model", "Model")(
        workspace or _workspace_of_run(name), name, version=version
    )
    folder = Path(_CACHE) / model.name / str(model.version)
    return str(model.download(str(folder), exist_ok=True))


def root_name(paths: list[str]) -> str:
    """Return the one file or folder that holds all of a model; empty when there are several."""
    tops = {path.split("/", 1)[0] for path in paths}
    return tops.pop() if len(tops) == 1 else ""


def check_free(target: Path, *, exist_ok: bool) -> None:
    """Refuse to write over what is there, unless that was asked for."""
    if target.exists() and not exist_ok:
        raise WebserviceException(
            f"`{target}` exists already.\nPass `exist_ok=True` to replace it."
        )


def _roots() -> list[Path]:
    deployed = os.environ.get(MODEL_DIRECTORY)
    if not deployed:
        return []
    # With one model the variable names its version, with several the folder of all models.
    folder = Path(deployed)
    every = os.environ.get(_EVERY_MODEL)
    return [Path(every)] if every else [folder, folder.parent.parent]


def _deployed(roots: list[Path]) -> list[str]:
    """Return the models of a service, as `name:version`."""
    return sorted(
        f"{version.parent.name}:{version.name}"
        for root in roots
        for version in root.glob("*/*")
        if version.name.isdigit() and version.is_dir()
    )


def _local(folder: Path, version: int | None) -> Path | None:
    if not folder.is_dir():
        return None
    versions = sorted(int(one.name) for one in folder.iterdir() if one.name.isdigit())
    wanted = version if version is not None else (versions[-1] if versions else None)
    found = folder / str(wanted)
    if not found.is_dir():
        return None
    inside = list(found.iterdir())
    return inside[0] if len(inside) == 1 else found


def _workspace_of_run(name: str) -> Any:
    run = _late.find("azureml.core.run", "Run").get_context()
    if run.id.startswith("OfflineRun"):
        raise ModelNotFoundException(
            f"No workspace to look for the model `{name}` in.\n"
            "Pass `_workspace=…`, or call this inside a run or a service."
        )
    return run.experiment.workspace
