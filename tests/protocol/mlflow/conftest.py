"""MLflow's REST API as its client meets it: requests against real stores in a fresh folder."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from doors import BEARER, HOST, Doors, Reply, ask, open_doors
from zaffre.domain.access import OWNER, Principal, Token
from zaffre.domain.workspaces import Workspace
from zaffre.protocols.http.asgi import App
from zaffre.protocols.mlflow.door import create_mlflow_app
from zaffre.services.tokens import digest_of
from zaffre.services.workspaces import NewWorkspace

OWNER_OF_TESTS = Principal(name="owner", permissions=OWNER)


@dataclass
class Mlflow:
    """Asks one after the other, in the workspace `ws` unless another one is named."""

    runner: asyncio.Runner
    doors: Doors
    app: App

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        workspace: str = "ws",
    ) -> Reply:
        """Send a request; the body of a GET becomes its query."""
        target = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        raw = body if isinstance(body, bytes) else b""
        if body is not None and not raw:
            if method == "GET":
                target = f"{target}?{urlencode(body, doseq=True)}"
            else:
                raw = json.dumps(body).encode()
        bearer = BEARER if token is None else (b"authorization", b"Bearer " + token.encode())
        headers = [bearer, HOST, (b"x-mlflow-workspace", workspace.encode())]
        return self.runner.run(ask(self.app, method, target, headers=headers, body=raw))

    def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Ask for what must succeed, and return the answer."""
        reply = self.ask(method, path, body, **more)
        assert reply.status == 200, reply.body
        return reply.json if reply.headers.get("content-type") == "application/json" else None

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Ask for what must fail, and return status and code."""
        reply = self.ask(method, path, body, **more)
        assert reply.status >= 400, reply.body
        assert set(reply.json) == {"error_code", "message"}
        return reply.status, reply.json["error_code"]

    def use(self, use: Any) -> Any:
        """Run a use case behind the door."""
        return self.runner.run(self.doors.house.work.write(use))

    def workspace(self, name: str, *, group: str = "g") -> Workspace:
        """Create a workspace."""
        new = NewWorkspace(name=name, subscription_id="s", resource_group=group)
        return self.use(lambda s: s.workspaces.create(new))

    def run(self, **files: bytes) -> str:
        """Return the id of a run that left these files, `__` being a slash and `_` a point."""
        body = {"experiment_id": "0", "start_time": 1, "tags": []}
        run_id = self.done("POST", "runs/create", body)["run"]["info"]["run_id"]
        for name, data in files.items():
            path = name.replace("__", "/").replace("_", ".")
            self.done("PUT", f"/api/2.0/mlflow-artifacts/artifacts/runs/{run_id}/{path}", data)
        return run_id

    def token_of(self, run_id: str, *, workspace_id: str | None = None) -> str:
        """Return a token for that run, as its runner has one; without a workspace of the first."""
        house = self.doors.house
        if workspace_id is None:
            workspace_id = self.use(lambda s: s.workspaces.list(caller=OWNER_OF_TESTS))[0].id
        token = Token(
            digest=digest_of(f"secret of {run_id}"),
            name=f"run {run_id}",
            role="run",
            workspace_id=workspace_id,
            run_id=run_id,
            created_at=house.clock.now(),
        )
        self.use(lambda s: s.stores.tokens.add(token))
        return f"secret of {run_id}"


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[Mlflow]:
    with asyncio.Runner() as runner:
        opening = open_doors(tmp_path, [])
        doors = runner.run(opening.__aenter__())
        api = Mlflow(runner, doors, create_mlflow_app(doors.house, doors.authenticator))
        try:
            api.workspace("ws")
            yield api
        finally:
            runner.run(opening.__aexit__(None, None, None))
