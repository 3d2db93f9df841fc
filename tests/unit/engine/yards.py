"""The engine of runs over a real database and real logs; building and launching is scripted."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from databases import open_empty
from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.adapters.vaults.aes import AesVault
from zaffre.base.clock import system_clock
from zaffre.base.ids import new_id, new_secret
from zaffre.domain.access import OWNER, Principal
from zaffre.domain.environments import BuiltEnvironment, EnvironmentSpec
from zaffre.domain.errors import UnavailableError
from zaffre.domain.files import FileEntry
from zaffre.domain.runs import Run, RunKind, RunSpec, RunState
from zaffre.engine.runs.loop import RunLoop
from zaffre.engine.runs.parts import Parts, RunLimits, Stopwatches
from zaffre.engine.supervisor import Engine
from zaffre.engine.wakeup import EngineWakeup
from zaffre.ports.launchers import Account, OutOfReachError, RunnerOrder
from zaffre.services.beats import Beats
from zaffre.services.context import Context
from zaffre.services.runs import NewRun
from zaffre.services.work import Work
from zaffre.services.workspaces import NewWorkspace

ALICE = Principal(name="alice", permissions=OWNER)
DIGEST = "ab" * 32
S = RunState
Build = Callable[[EnvironmentSpec, Callable[[str], None]], Awaitable[BuiltEnvironment]]


async def build_at_once(_: EnvironmentSpec, log: Callable[[str], None]) -> BuiltEnvironment:
    await asyncio.to_thread(log, "built in a thread")
    return BuiltEnvironment(python="/py")


async def build_for_ever(_: EnvironmentSpec, log: Callable[[str], None]) -> BuiltEnvironment:
    log("still building")
    await asyncio.Event().wait()
    raise AssertionError


async def fail_to_build(_: EnvironmentSpec, log: Callable[[str], None]) -> BuiltEnvironment:
    log("no such package: nope")
    raise UnavailableError("EnvironmentBuildFailed", "`nope` cannot be installed.")


@dataclass
class Scripted:
    """A builder and a launcher that do as they are told and remember what was asked."""

    build: Build = build_at_once
    alive: bool | None = True
    fails: bool = False
    is_near: bool = True
    said: Account = field(default_factory=Account)
    launched: list[RunnerOrder] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        if self.fails:
            raise OSError("no room for another process")
        if not self.is_near:
            raise OutOfReachError("it is far away")
        self.launched.append(order)
        return {"attempt": order.attempt, "pid": 1}

    async def is_alive(self, handle: dict[str, Any]) -> bool | None:  # noqa: ARG002 (the port has it)
        return self.alive

    async def account(self, handle: dict[str, Any]) -> Account:  # noqa: ARG002
        return self.said

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:  # noqa: ARG002
        self.stopped.append(handle)


@dataclass
class Yard:
    work: Work
    logs: LocalLogs
    workspace_id: str
    engine: Engine

    async def submit(self, **said: Any) -> Run:
        spec = RunSpec(
            kind=RunKind.SCRIPT,
            script="train.py",
            snapshot_id=await self.work.write(self._snapshot),
            environment=EnvironmentSpec(),
            **said,
        )
        new = NewRun(experiment_name="exp", spec=spec)
        return await self.work.write(lambda s: s.runs.create(self.workspace_id, new, caller=ALICE))

    def _snapshot(self, s: Any) -> str:
        s.snapshots.note_blob(self.workspace_id, DIGEST, 3, caller=ALICE)
        files = [FileEntry("train.py", DIGEST, 3)]
        return s.snapshots.create(self.workspace_id, files, caller=ALICE).id

    async def get(self, run: Run) -> Run:
        return await self.work.read(lambda s: s.stores.runs.get(run.workspace_id, run.id))

    async def until(self, run: Run, is_so: Callable[[Run], bool]) -> Run:
        deadline = time.monotonic() + 10
        while True:
            now = await self.get(run)
            if is_so(now):
                return now
            assert time.monotonic() < deadline, now
            await asyncio.sleep(0.01)


@asynccontextmanager
async def yard(folder: Path, scripted: Scripted, **limits: Any) -> AsyncIterator[Yard]:
    clock = system_clock()
    wakeup = EngineWakeup(asyncio.get_running_loop())
    context = Context(
        clock=clock,
        new_id=new_id,
        new_secret=new_secret,
        wakeup=wakeup,
        tokens_removed=lambda _: None,
        vault=AesVault("0" * 64),
    )
    transactions = open_empty(folder / "zaffre.db")
    work, logs = Work(transactions, context), LocalLogs(folder / "logs")
    parts = Parts(
        work=work,
        beats=Beats(clock.monotonic),
        launcher=scripted,
        builder=scripted,
        logs=logs,
        wakeup=wakeup,
        cancels=Stopwatches(clock.monotonic),
        clock=clock,
        server_url="http://127.0.0.1:1",
        limits=RunLimits(**{"tick_seconds": 0.02, **limits}),
    )
    new = NewWorkspace(name="ws", subscription_id="s", resource_group="g")
    workspace = await work.write(lambda s: s.workspaces.create(new))
    engine = Engine([RunLoop(parts)])
    await engine.start()
    try:
        yield Yard(work, logs, workspace.id, engine)
    finally:
        await engine.stop()
        await transactions.close()


def is_in(*states: RunState) -> Callable[[Run], bool]:
    return lambda run: run.state in states
