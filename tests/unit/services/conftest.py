"""Services over a real database in a fresh folder."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from databases import open_empty
from zaffre.adapters.vaults.aes import AesVault
from zaffre.base.clock import Clock
from zaffre.domain.access import OWNER, RUN, Principal
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.files import FileEntry
from zaffre.domain.runs import Run, RunKind, RunSpec
from zaffre.domain.snapshots import Snapshot
from zaffre.domain.workspaces import Workspace
from zaffre.services.context import Context
from zaffre.services.runs import NewRun
from zaffre.services.work import Services, Work
from zaffre.services.workspaces import NewWorkspace

T = TypeVar("T")

ALICE = Principal(name="alice", permissions=OWNER)
DIGEST = "ab" * 32


@dataclass
class Desk:
    """Runs use cases, and remembers what they told the world."""

    runner: asyncio.Runner
    work: Work
    hints: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def write(self, use: Callable[[Services], T]) -> T:
        return self.runner.run(self.work.write(use))

    def read(self, use: Callable[[Services], T]) -> T:
        return self.runner.run(self.work.read(use))

    def workspace(self, name: str = "ws") -> Workspace:
        new = NewWorkspace(name=name, subscription_id="...", resource_group="group")
        return self.write(lambda s: s.workspaces.create(new))

    def interactive(self, workspace: Workspace, **said: object) -> Run:
        new = NewRun(
            **{"experiment_name": "exp", "spec": RunSpec(kind=RunKind.INTERACTIVE), **said}
        )
        return self.write(lambda s: s.runs.create(workspace.id, new, caller=ALICE))

    def snapshot(self, workspace: Workspace, *paths: str) -> Snapshot:
        files = [FileEntry(path, DIGEST, 3) for path in paths or ("train.py",)]

        def use(s: Services) -> Snapshot:
            s.snapshots.note_blob(workspace.id, DIGEST, 3, caller=ALICE)
            return s.snapshots.create(workspace.id, files, caller=ALICE)

        return self.write(use)

    def script(self, workspace: Workspace, **said: object) -> Run:
        new = NewRun(experiment_name="exp", spec=self.script_spec(workspace), **said)
        return self.write(lambda s: s.runs.create(workspace.id, new, caller=ALICE))

    def script_spec(self, workspace: Workspace, **said: object) -> RunSpec:
        asked = {
            "kind": RunKind.SCRIPT,
            "script": "train.py",
            "snapshot_id": self.snapshot(workspace).id,
            "environment": EnvironmentSpec(),
        }
        return RunSpec(**{**asked, **said})


def of_run(run: Run) -> Principal:
    """Return the principal of the token of a run."""
    return Principal(
        name=f"run {run.id}",
        permissions=RUN,
        workspace_id=run.workspace_id,
        run_id=run.id,
        attempt=run.attempt,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    moments = itertools.count()
    begin = datetime(2026, 1, 2, tzinfo=UTC)
    ids = itertools.count(1)
    hints: list[str] = []
    forgotten: list[str] = []

    class Hints:
        def hint(self, noun: str) -> None:
            hints.append(noun)

    context = Context(
        clock=Clock(now=lambda: begin + timedelta(seconds=next(moments)), monotonic=lambda: 0.0),
        new_id=lambda: f"{next(ids):08x}{'0' * 24}",
        new_secret=lambda prefix: f"{prefix}_secret",
        wakeup=Hints(),
        tokens_removed=forgotten.append,
        vault=AesVault("0" * 64),
    )
    transactions = open_empty(tmp_path / "zaffre.db")
    with asyncio.Runner() as runner:
        try:
            yield Desk(runner, Work(transactions, context), hints, forgotten)
        finally:
            runner.run(transactions.close())


@pytest.fixture
def workspace(desk: Desk) -> Workspace:
    return desk.workspace()
