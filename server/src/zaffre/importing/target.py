"""The workspace that things are brought to: its native nouns, and what only MLflow's door says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
from zaffre_sdk.client import Client
from zaffre_sdk.client.paths import quoted_path
from zaffre_sdk.client.transfer import Upload
from zaffre_sdk.client.transport import Request
from zaffre_sdk.wire.workspaces import WorkspaceOut

_JSON: Final = {"content-type": "application/json"}


class Target:
    """A workspace of a server; shared by threads.

    Attributes:
        native: Its nouns.
    """

    def __init__(self, client: Client, workspace: WorkspaceOut) -> None:
        self.native = client.workspace(workspace.id)
        self._transport = client.transport
        self._root = (
            f"/mlflow/v1.0/subscriptions/{_quoted(workspace.subscription_id)}"
            f"/resourceGroups/{_quoted(workspace.resource_group)}"
            "/providers/Microsoft.MachineLearningServices"
            f"/workspaces/{_quoted(workspace.name)}"
        )

    def mlflow(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Ask MLflow's door, `path` counted from `/api/`, and return its answer."""
        data = msgspec.json.encode(body)
        request = Request("POST", f"{self._root}/api/{path}", headers=_JSON, body=data)
        return msgspec.json.decode(self._transport.exchange(request).data)

    def ask_mlflow(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read from MLflow's door."""
        return msgspec.json.decode(
            self._transport.exchange(Request("GET", f"{self._root}/api/{path}")).data
        )

    def send_spans(self, experiment_id: str, body: Mapping[str, Any]) -> None:
        """Send spans to an experiment."""
        headers = {**_JSON, "x-mlflow-experiment-id": experiment_id}
        data = msgspec.json.encode(body)
        self._transport.exchange(
            Request("POST", f"{self._root}/v1/traces", headers=headers, body=data)
        )

    def put_file(self, place: str, file: Path) -> None:
        """Send a file to a place below `mlflow-artifacts:/`."""
        body = Upload(file)
        path = f"{self._root}/api/2.0/mlflow-artifacts/artifacts/{quoted_path(place)}"
        self._transport.exchange(Request("PUT", path, body=body))
        body.check()


def _quoted(name: str) -> str:
    return quote(name, safe="")
