"""What launchers on this machine lay down for a runner, and how its processes are known."""

import json
import os
from pathlib import Path
from typing import Final

from zaffre.ports.launchers import RunnerOrder

ORDER: Final = "order.json"


def folder_of(home: Path, workspace_id: str, run_id: str) -> Path:
    """Return the folder of a run; its attempts have folders in it."""
    return home / "runs" / workspace_id / run_id


def lay_order(home: Path, order: RunnerOrder) -> Path:
    """Make the folder of an attempt, for the owner alone, and write the order into it."""
    folder = folder_of(home, order.workspace_id, order.run_id) / str(order.attempt)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = {
        "workspace_id": order.workspace_id,
        "run_id": order.run_id,
        "attempt": order.attempt,
        "token": order.token,
        "server_url": order.server_url,
        "server_file": str(home / "server.json"),
        "python": order.python,
        "variables": order.variables,
    }
    write_secretly(folder / ORDER, json.dumps(content).encode())
    return folder


def marks_of(workspace_id: str, run_id: str, attempt: int | None) -> dict[str, str]:
    """Return the variables by which every process of an attempt is known."""
    marks = {"AZUREML_WORKSPACE_ID": workspace_id, "AZUREML_RUN_ID": run_id}
    return marks if attempt is None else {**marks, "ZAFFRE_ATTEMPT": str(attempt)}


def write_secretly(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at every moment."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
