"""The native API as a client meets it: requests against real stores in a fresh folder."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from doors import HOST, Doors, Reply, ask, bearer_of, bytes_of, open_doors
from zaffre.domain.access import Token
from zaffre.protocols.native.router import create_router
from zaffre.services.tokens import digest_of
from zaffre_sdk.wire.metrics import BatchIn

ROOT = "/api/v1/workspaces"
SPACE = {"name": "ws", "subscription_id": "...", "resource_group": "group"}
INLINE = {"experiment": "exp", "spec": {"kind": "interactive"}}
MSGPACK = (b"content-type", b"application/vnd.msgpack")
TAKES_MSGPACK = (b"accept", b"application/vnd.msgpack")


@dataclass
class Api:
    """Asks one after the other; `home` is the address of a workspace that is there."""

    runner: asyncio.Runner
    doors: Doors
    home: str = ""

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        token: str | None = None,
    ) -> Reply:
        asked = [bearer_of(token), HOST, *headers]
        sent = bytes_of(body)
        return self.runner.run(ask(self.doors.app, method, path, headers=asked, body=sent))

    def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Ask for what must succeed, and return the answer."""
        reply = self.ask(method, path, body, **more)
        assert reply.status < 300, reply.body
        return reply.json if reply.body else None

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Ask for what must fail, and return status and code."""
        reply = self.ask(method, path, body, **more)
        assert reply.status >= 400, reply.body
        return reply.status, reply.code

    def workspace(self, name: str) -> str:
        return f"{ROOT}/{self.done('POST', ROOT, {**SPACE, 'name': name})['id']}"

    def run(self, home: str = "", **said: Any) -> str:
        """Create an inline run and return its address."""
        home = home or self.home
        return f"{home}/runs/{self.done('POST', f'{home}/runs', {**INLINE, **said})['id']}"

    def token_of(self, run: str) -> str:
        """Return a token for that run, as its runner has one."""
        *_, workspace_id, _, run_id = run.split("/")
        house = self.doors.house
        token = Token(
            digest=digest_of(f"secret of {run}"),
            name=f"run {run_id}",
            role="run",
            workspace_id=workspace_id,
            run_id=run_id,
            created_at=house.clock.now(),
        )
        self.runner.run(house.work.write(lambda s: s.stores.tokens.add(token)))
        return f"secret of {run}"

    def blob(self, data: bytes, home: str = "") -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.done("PUT", f"{home or self.home}/blobs/{digest}", data)
        return digest

    def snapshot(self, home: str = "", **files: bytes) -> str:
        entries = [
            {"path": path, "digest": self.blob(data, home), "size": len(data)}
            for path, data in (files or {"train.py": b"print()"}).items()
        ]
        return self.done("POST", f"{home or self.home}/snapshots", {"files": entries})["id"]

    def log(self, run: str, batch: BatchIn) -> Reply:
        body = msgspec.msgpack.encode(batch)
        return self.ask("POST", f"{run}/metrics", body, headers=(MSGPACK,))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with asyncio.Runner() as runner:
        opening = open_doors(tmp_path, [create_router()])
        api = Api(runner, runner.run(opening.__aenter__()))
        try:
            api.home = api.workspace("ws")
            yield api
        finally:
            runner.run(opening.__aexit__(None, None, None))


@pytest.fixture
def run(api: Api) -> str:
    return api.run()
