"""Which run this process belongs to, as its environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from zaffre_sdk.home import Home

RUN_VARIABLE = "AZUREML_RUN_ID"
TOKEN_VARIABLE = "ZAFFRE_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class RunContext:
    """The run that this process belongs to, and where it is kept."""

    run_id: str
    workspace_id: str
    experiment: str
    subscription_id: str
    resource_group: str
    workspace: str


def current_run(environment: Mapping[str, str] | None = None) -> RunContext | None:
    """Return the run that this process belongs to, or None outside of runs."""
    variables = os.environ if environment is None else environment
    run_id = variables.get(RUN_VARIABLE)
    workspace_id = variables.get("AZUREML_WORKSPACE_ID")
    if not run_id or not workspace_id:
        return None
    return RunContext(
        run_id=run_id,
        workspace_id=workspace_id,
        experiment=variables.get("AZUREML_ARM_PROJECT_NAME", ""),
        subscription_id=variables.get("AZUREML_ARM_SUBSCRIPTION", ""),
        resource_group=variables.get("AZUREML_ARM_RESOURCEGROUP", ""),
        workspace=variables.get("AZUREML_ARM_WORKSPACE_NAME", ""),
    )


def token(environment: Mapping[str, str] | None = None) -> str:
    """Return the secret that opens the server; empty when there is none yet."""
    variables = os.environ if environment is None else environment
    return variables.get(TOKEN_VARIABLE) or Home.default(variables).read_token() or ""
