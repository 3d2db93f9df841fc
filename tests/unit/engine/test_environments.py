"""The loop that builds environments ahead of runs."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from databases import open_empty
from zaffre.adapters.blobs.logs import LocalLogs
from zaffre.adapters.vaults.aes import AesVault
from zaffre.base.clock import system_clock
from zaffre.base.ids import new_id, new_secret
from zaffre.domain.access import OWNER, Principal
from zaffre.domain.environments import BUILD_LOG, BuildState, BuiltEnvironment
from zaffre.domain.errors import UnavailableError
from zaffre.engine.environments import BuildParts, EnvironmentLoop
from zaffre.engine.wakeup import EngineWakeup
from zaffre.services.context import Context
from zaffre.services.environment_builds import NOUN
from zaffre.services.work import Work
from zaffre.services.workspaces import NewWorkspace

ALICE = Principal(name="alice", permissions=OWNER)
BUILT = BuiltEnvironment(python="/e/bin/python", packages=("six==1",))
NAMES = ("AzureML-Minimal", "AzureML-Tutorial", "AzureML-Dask-CPU", "AzureML-Designer")


class Builder:
    """Builds what it is told to, and notes how many it builds at once."""

    def __init__(self) -> None:
        self.going = self.most = self.made = 0
        self.two = asyncio.Event()

    async def build(self, spec, log):
        self.going += 1
        self.made += 1
        self.most = max(self.most, self.going)
        log(f"Building {len(spec.pip_packages)} packages.")
        if self.going == 2:
            self.two.set()
        await self.two.wait()
        self.going -= 1
        if "dask[complete]" in spec.pip_packages:
            raise RuntimeError("broken")
        if "matplotlib" in spec.pip_packages:
            raise UnavailableError("EnvironmentBuildFailed", "No such package.", hint="Look.")
        return BUILT


def opened(folder: Path, wakeup: EngineWakeup):
    """Return use cases over an empty database, and what is to be closed."""
    context = Context(
        clock=system_clock(),
        new_id=new_id,
        new_secret=new_secret,
        wakeup=wakeup,
        tokens_removed=print,
        vault=AesVault("0" * 64),
    )
    transactions = open_empty(folder / "zaffre.db")
    return Work(transactions, context), transactions


def test_builds_end_with_what_came_of_them_and_a_few_go_on_at_once(tmp_path: Path, caplog):
    async def story():
        wakeup = EngineWakeup(asyncio.get_running_loop())
        work, transactions = opened(tmp_path, wakeup)
        builder, logs = Builder(), LocalLogs(tmp_path / "logs")
        new = NewWorkspace(name="ws", subscription_id="s", resource_group="g")
        place = (await work.write(lambda s: s.workspaces.create(new))).id
        builds = [
            await work.write(
                lambda s, name=name: s.environment_builds.start(place, name, caller=ALICE)
            )
            for name in NAMES
        ]
        parts = BuildParts(work=work, builder=builder, logs=logs, wakeup=wakeup)
        loop = asyncio.create_task(EnvironmentLoop(parts).run())
        with wakeup.watch(NOUN) as watch:
            async with asyncio.timeout(30):
                while await work.read(lambda s: s.environment_builds.open()):
                    await watch.wait(1)
        loop.cancel()
        await asyncio.wait({loop})
        ended = [
            await work.read(
                lambda s, one=one: s.environment_builds.get(place, one.id, caller=ALICE)
            )
            for one in builds
        ]
        said = [
            (await logs.read((place, one.id), BUILD_LOG, 0, limit=10_000)).decode()
            for one in builds
        ]
        await transactions.close()
        return ended, said, builder.most

    ended, said, most = asyncio.run(story())
    assert most == 2
    good, failed, broken, other = ended
    assert (good.state, good.built, other.built) == (BuildState.SUCCEEDED, BUILT, BUILT)
    assert (failed.state, failed.error) == (BuildState.FAILED, "No such package. Look.")
    assert broken.error.startswith("The server failed")
    assert "broken" in caplog.text
    assert (
        said[0] == "Building the environment `AzureML-Minimal`, version 1.\nBuilding 1 packages.\n"
    )
    assert said[1].endswith("No such package.\nLook.\n")
    assert all(one.ended_at <= datetime.now(UTC) for one in ended)


class Busy:
    """A database that does not take what is written, for a while."""

    def __init__(self, work: Work, *, refusals: int) -> None:
        self.work, self.refusals, self.writes = work, refusals, 0
        self.read = work.read

    async def write(self, action):
        self.writes += 1
        if self.writes > 1 and self.refusals:
            self.refusals -= 1
            raise UnavailableError("DatabaseBusy", "The database is busy.")
        return await self.work.write(action)


def test_a_build_whose_end_cannot_be_noted_is_not_made_again_and_again(tmp_path: Path, caplog):
    async def story():
        wakeup = EngineWakeup(asyncio.get_running_loop())
        work, transactions = opened(tmp_path, wakeup)
        builder, logs = Builder(), LocalLogs(tmp_path / "logs")
        builder.two.set()
        new = NewWorkspace(name="ws", subscription_id="s", resource_group="g")
        place = (await work.write(lambda s: s.workspaces.create(new))).id
        build = await work.write(
            lambda s: s.environment_builds.start(place, NAMES[0], caller=ALICE)
        )
        busy = Busy(work, refusals=3)
        parts = BuildParts(
            work=busy, builder=builder, logs=logs, wakeup=wakeup, pause_seconds=0.01
        )
        loop = asyncio.create_task(EnvironmentLoop(parts).run())
        with wakeup.watch(NOUN) as watch:
            async with asyncio.timeout(30):
                while await work.read(lambda s: s.environment_builds.open()):
                    await watch.wait(0.1)
        loop.cancel()
        await asyncio.wait({loop})
        ended = await work.read(lambda s: s.environment_builds.get(place, build.id, caller=ALICE))
        await transactions.close()
        return ended, builder.made, busy.writes

    ended, made, writes = asyncio.run(story())
    assert (ended.state, made, writes) == (BuildState.SUCCEEDED, 1, 5)
    assert caplog.text.count("was not noted") == 3
