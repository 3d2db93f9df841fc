"""Replicas and endpoints in tests: real processes of this interpreter."""

import asyncio
import contextlib
import os
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from doors import Doors, open_doors
from zaffre.adapters.replicas.process import ProcessReplicas
from zaffre.domain.access import OWNER, Principal
from zaffre.domain.endpoints import (
    AuthMode,
    DeploymentSpec,
    Endpoint,
    EndpointKind,
    EndpointState,
)
from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec
from zaffre.domain.files import FileEntry
from zaffre.domain.workspaces import Workspace
from zaffre.engine.endpoints.loop import EndpointLoop
from zaffre.engine.endpoints.parts import EndpointLimits, EndpointParts
from zaffre.engine.wakeup import EngineWakeup
from zaffre.ports.replicas import ReplicaOrder
from zaffre.protocols.native.router import create_router
from zaffre.protocols.scoring.app import create_scoring_app
from zaffre.protocols.scoring.listener import LoopbackListeners
from zaffre.services.endpoints import NewEndpoint
from zaffre.services.scoring import ScoringTable
from zaffre.services.workspaces import NewWorkspace

ALICE = Principal(name="alice", permissions=OWNER)
LIMITS = EndpointLimits(start=20, stable=1, longest_pause=1, crashes=3, poll=0.2)
DEADLINE = 30.0

ECHO = """
    def init():
        print("init was called")

    def run(data):
        return {"got": data}
"""


async def until(condition: Callable[[], object], *, what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"{what} did not come true in {DEADLINE:g} s"
        await asyncio.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def order_of(folder: Path, script: str, **said: object) -> ReplicaOrder:
    """Write a script into a fresh folder and return the order for a replica of it."""
    (folder / "source").mkdir(parents=True)
    (folder / "azureml-models").mkdir()
    (folder / "source" / "score.py").write_text(textwrap.dedent(script))
    asked = {
        "endpoint_id": "e",
        "python": sys.executable,
        "folder": folder,
        "entry_script": "score.py",
        "model_dir": str(folder / "azureml-models"),
        "timeout_seconds": 20.0,
        "start_timeout_seconds": 20.0,
        "log": lambda _: None,
    }
    return ReplicaOrder(**{**asked, **said})


class ThisPython:
    """Builds no environment: the interpreter of the tests has all that is needed."""

    async def build(self, _: EnvironmentSpec, log: Callable[[str], None]) -> BuiltEnvironment:
        log("The environment is there.")
        return BuiltEnvironment(python=sys.executable)


@dataclass(frozen=True)
class Shop:
    """A server that serves endpoints, without its sockets."""

    doors: Doors
    parts: EndpointParts
    scoring: object
    workspace: Workspace

    async def spec(self, script: str, **said: object) -> DeploymentSpec:
        """Send a source folder with one script, and return a deployment of it."""
        data = textwrap.dedent(script).encode()

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        digest, size = await self.parts.blobs.put(chunks())
        files = [FileEntry("score.py", digest, size)]

        def use(s):
            s.snapshots.note_blob(self.workspace.id, digest, size, caller=ALICE)
            return s.snapshots.create(self.workspace.id, files, caller=ALICE)

        snapshot = await self.parts.work.write(use)
        asked = {
            "entry_script": "score.py",
            "snapshot_id": snapshot.id,
            "model_ids": (),
            "environment": EnvironmentSpec(),
        }
        return DeploymentSpec(**{**asked, **said})

    async def deploy(self, spec: DeploymentSpec, name: str = "svc", **said: object) -> Endpoint:
        """Create or overwrite an endpoint, and wait until that is settled."""
        asked = {"kind": EndpointKind.ACI, "auth_mode": AuthMode.NONE, "overwrite": True}
        new = NewEndpoint(name=name, spec=spec, **{**asked, **said})
        await self.parts.work.write(
            lambda s: s.endpoints.create(self.workspace.id, new, caller=ALICE)
        )
        return await self.settled(name)

    async def settled(self, name: str = "svc") -> Endpoint:
        """Wait until a deployment is settled, and return the endpoint."""
        return await self.when(name, lambda e: e.state is not EndpointState.TRANSITIONING)

    async def when(self, name: str, condition: Callable[[Endpoint], object]) -> Endpoint:
        """Wait until an endpoint is in some condition, and return it."""
        end = time.monotonic() + DEADLINE
        while True:
            found = await self.endpoint(name)
            if condition(found):
                return found
            assert time.monotonic() < end, found
            await asyncio.sleep(0.02)

    async def endpoint(self, name: str = "svc") -> Endpoint:
        """Return the endpoint as it is."""
        return await self.parts.work.read(
            lambda s: s.endpoints.get(self.workspace.id, name, caller=ALICE)
        )

    async def log(self, endpoint: Endpoint) -> str:
        """Return the log of an endpoint."""
        data = await self.parts.logs.read(endpoint.log_owner, "service.log", 0, limit=1 << 20)
        return data.decode()


@contextlib.asynccontextmanager
async def open_shop(folder: Path, *, limits: EndpointLimits = LIMITS) -> AsyncIterator[Shop]:
    """Open a server over a folder; opening it again is a restart."""
    async with open_doors(folder, [create_router()]) as doors:
        table = ScoringTable()
        scoring = create_scoring_app(table, now=time.time)
        parts = EndpointParts(
            work=doors.house.work,
            builder=ThisPython(),
            blobs=doors.house.blobs,
            logs=doors.house.logs,
            replicas=ProcessReplicas(environment=os.environ),
            listeners=LoopbackListeners(scoring, wrap=lambda app: app),
            table=table,
            folder=folder / "endpoints",
            clock=doors.house.clock,
            limits=limits,
        )
        new = NewWorkspace(name="ws", subscription_id="s", resource_group="g")
        workspace = await parts.work.write(lambda s: s.workspaces.create(new, exist_ok=True))
        loop = EndpointLoop(parts, EngineWakeup(asyncio.get_running_loop()))
        task = asyncio.create_task(loop.run())
        try:
            yield Shop(doors, parts, scoring, workspace)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
