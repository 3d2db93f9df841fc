"""The command line and the environment of the user's process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from zaffre_sdk.runner.order import Folders, Order
from zaffre_sdk.tracking import mlflow_client
from zaffre_sdk.wire.runs import AttemptStarted, RunSpec


def command_of(spec: RunSpec, python: str) -> list[str]:
    """Return the command line: the script under its interpreter, or the command as it is."""
    if spec.script is None:
        return list(spec.command)
    return [python, spec.script, *spec.arguments]


def environ_of(
    order: Order,
    started: AttemptStarted,
    folders: Folders,
    *,
    server_url: str,
    inherited: Mapping[str, str],
) -> dict[str, str]:
    """Return the environment: what the launcher let through, what the server says, what is here.

    The working folder is on the path of modules, since scripts in a folder below import what is
    beside that folder.
    """
    asked = {**started.variables}
    bin_folder = str(Path(started.python).parent)
    return {
        **inherited,
        "PYTHONUNBUFFERED": "1",
        **_mlflow(order, started, server_url),
        "PATH": os.pathsep.join(
            [bin_folder, asked.pop("PATH", inherited.get("PATH", os.defpath))]
        ),
        **asked,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folders.work), asked.get("PYTHONPATH")])),
        "AZUREML_RUN_ID": order.run_id,
        "AZUREML_RUN_TOKEN": order.token,
        "AZUREML_SERVICE_ENDPOINT": server_url,
        "AZUREML_OUTPUT_DIRECTORY": str(folders.work / "outputs"),
        "ZAFFRE_URL": server_url,
        "ZAFFRE_TOKEN": order.token,
        "ZAFFRE_ATTEMPT": str(order.attempt),
        "ZAFFRE_SPOOL": str(folders.spool),
        "ZAFFRE_SERVER_FILE": order.server_file,
    }


def _mlflow(order: Order, started: AttemptStarted, server_url: str) -> dict[str, str]:
    """Return what lets the genuine MLflow client log to this run without further ado.

    The name of the experiment is not among it: clients that find both make sure that they agree.
    """
    said = started.variables
    scope = mlflow_client.Scope(
        said.get("AZUREML_ARM_SUBSCRIPTION", ""),
        said.get("AZUREML_ARM_RESOURCEGROUP", ""),
        said.get("AZUREML_ARM_WORKSPACE_NAME", ""),
    )
    known_id = said.get("AZUREML_EXPERIMENT_ID", "")
    return {
        mlflow_client.URI_VARIABLE: mlflow_client.tracking_uri(server_url, scope),
        mlflow_client.TOKEN_VARIABLE: order.token,
        mlflow_client.RUN_VARIABLE: order.run_id,
        mlflow_client.EXPERIMENT_VARIABLE: mlflow_client.experiment_id(
            started.experiment, known_id
        ),
    }
