"""Starting an instance: its environment, the folder of its notebooks, and Jupyter over both."""

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Final

from zaffre.domain.computes import Compute
from zaffre.domain.datastores import built_in
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import UnavailableError
from zaffre.domain.workspaces import Workspace
from zaffre.engine.computes.parts import InstanceParts
from zaffre.ports.instances import InstanceOrder, RunningInstance
from zaffre.services.instances import base_url

logger = logging.getLogger(__name__)
DATASTORE: Final = "workspaceworkingdirectory"
ENVIRONMENT: Final = EnvironmentSpec(
    pip_packages=("jupyterlab>=4.2,<5", "notebook>=7,<8", "ipykernel>=6.29", "azureml-core")
)
"""What is installed in every instance; people add to it from a terminal or a notebook."""
_CONFIG: Final = "config.json"


async def start(parts: InstanceParts, compute: Compute, workspace: Workspace) -> RunningInstance:
    """Build what is needed and start the instance.

    Raises:
        ZaffreError: Why that is not possible.
    """
    built = await parts.builder.build(ENVIRONMENT, lambda line: logger.debug("%s", line))
    key = compute.workspace_id, compute.name
    root = await _root(parts, workspace)
    folder = await asyncio.to_thread(_prepare, root, compute, workspace)
    return await parts.instances.start(
        InstanceOrder(
            key=key,
            base_url=base_url(key),
            python=built.python,
            root=root,
            folder=folder,
            variables={**built.variables, **_variables(parts, compute, workspace)},
        )
    )


async def _root(parts: InstanceParts, workspace: Workspace) -> Path:
    datastore = built_in(workspace.id, DATASTORE, at=workspace.created_at)
    near = await parts.data_files.nearby(datastore) if datastore else None
    if near is None:
        raise UnavailableError(
            "InstanceStartFailed", "The folder of notebooks does not lie on this machine."
        )
    return near.folder


def _prepare(root: Path, compute: Compute, workspace: Workspace) -> Path:
    """Make the folder of a person, with the file by which programs there find the workspace."""
    folder = root / "Users" / _alias(compute.created_by)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / _CONFIG
    if not config.exists():
        config.write_text(json.dumps(_names(workspace), indent=4) + "\n")
    return folder


def _alias(name: str) -> str:
    """Return the name of a person as that of a folder."""
    return re.sub(r"[^\w.@-]", "-", name).lstrip(".") or "user"


def _names(workspace: Workspace) -> dict[str, str]:
    return {
        "subscription_id": workspace.subscription_id,
        "resource_group": workspace.resource_group,
        "workspace_name": workspace.name,
    }


def _variables(parts: InstanceParts, compute: Compute, workspace: Workspace) -> dict[str, str]:
    return {
        # The home and no address: the server may have another one when it starts again.
        "ZAFFRE_HOME": str(parts.home),
        "AZUREML_ARM_SUBSCRIPTION": workspace.subscription_id,
        "AZUREML_ARM_RESOURCEGROUP": workspace.resource_group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
        "AZUREML_WORKSPACE_ID": workspace.id,
        "CI_NAME": compute.name,
    }
