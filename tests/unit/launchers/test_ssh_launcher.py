"""The launcher of machines, on connections that are no real ones."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from zaffre.adapters.launchers.elsewhere.parcel import Machine as Described
from zaffre.adapters.launchers.elsewhere.parcel import Packer, Parcel
from zaffre.adapters.launchers.machines import launcher as launchers
from zaffre.adapters.launchers.machines import machine as machines
from zaffre.adapters.launchers.machines.connection import Connection, Server
from zaffre.adapters.launchers.machines.failures import MachineAwayError, MachineError
from zaffre.adapters.launchers.machines.launcher import SshLauncher
from zaffre.domain.computes import ComputeKind
from zaffre.domain.errors import NotFoundError
from zaffre.ports.launchers import ComputePlace, RunnerOrder
from zaffre_sdk.home import ServerInfo

INFO = ServerInfo(url="http://127.0.0.1:1", pid=1, create_time=0, instance="i", version="0")
AWAY = MachineAwayError("it is out of reach: no route to host")


class Packs(Packer):
    def __init__(self) -> None:
        """Need nothing."""

    def pack(self, *_: Any, **__: Any) -> Parcel:
        return Parcel(wanted={}, files={})


class Wire:
    def __init__(self) -> None:
        self.closed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return not self.closed.is_set()

    async def ask(self, do: str, _asked: object = None, **_: Any) -> Any:
        return {"start": {"pid": 7}, "living": [], "missing": []}.get(do, do)

    async def wait_closed(self) -> None:
        await self.closed.wait()

    async def close(self) -> None:
        self.closed.set()


class Yard:
    """Targets that are found, and machines that answer once `away` of the tries have failed."""

    def __init__(self, home: Path, patience: float) -> None:
        self.targets = {"gpu1", "gpu2"}
        self.failures: list[MachineError] = []
        self.servers: list[str] = []
        self.wires: list[Wire] = []
        self.told: list[str] = []
        self.launcher = SshLauncher(
            home, INFO, Packs(), find=self.find, copy=self.copy, patience=patience
        )

    async def find(self, _workspace: str, name: str) -> ComputePlace:
        if name not in self.targets:
            raise NotFoundError("ComputeNotFound", "It is gone.", target="compute")
        settings = {"address": "10.0.0.1", "username": "ada"}
        secret = {"password": "p"}
        return ComputePlace(
            kind=ComputeKind.MACHINE, name=name, settings=settings, credential=secret
        )

    async def copy(self, _digest: str, _path: Path) -> None:
        raise AssertionError

    async def connect(self, _login: object, server: Server, _folder: Path) -> Connection:
        if self.failures:
            raise self.failures.pop(0)
        self.servers.append(server.key)
        self.wires.append(Wire())
        described = Described(system="Linux", machine="x86_64", boot="1")
        return Connection(wire=self.wires[-1], machine=described, url="")  # type: ignore[arg-type]

    async def launch(self, name: str) -> dict[str, Any]:
        async def wait(reason: str) -> None:
            self.told.append(reason)

        order = RunnerOrder(
            workspace_id="w",
            run_id="r",
            attempt=1,
            token="t",  # noqa: S106 (of no server)
            server_url="",
            python="python3",
            place=await self.find("w", name),
            say=self.told.append,
            wait=wait,
        )
        return await self.launcher.launch(order)


def played(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    story: Callable[[Yard], Awaitable[None]],
    *,
    patience: float = 60,
) -> None:
    async def play() -> None:
        yard = Yard(folder, patience)
        monkeypatch.setattr(machines, "connect", yard.connect)
        monkeypatch.setattr(machines, "_REFUSED_SECONDS", 0.0)
        monkeypatch.setattr(launchers, "FIRST_PAUSE", 0.001)
        monkeypatch.setattr(launchers, "_LOOK_SECONDS", 0.01)
        keeping = asyncio.create_task(yard.launcher.run())
        try:
            async with asyncio.timeout(10):
                await story(yard)
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    asyncio.run(play())


def test_a_launch_waits_while_its_machine_is_out_of_reach(tmp_path, monkeypatch):
    async def story(yard: Yard) -> None:
        yard.failures = [AWAY] * 6
        assert (await yard.launch("gpu1"))["pid"] == 7
        # Once in the log, and once as the reason why it waits, which is then over.
        _, why, over = yard.told
        assert "`gpu1`" in why
        assert "no route to host" in why
        assert not over

    played(tmp_path, monkeypatch, story)


def test_a_launch_fails_when_patience_is_over(tmp_path, monkeypatch):
    async def story(yard: Yard) -> None:
        yard.failures = [AWAY] * 10_000
        with pytest.raises(MachineError, match="no route to host"):
            await yard.launch("gpu1")

    played(tmp_path, monkeypatch, story, patience=0.05)


def test_a_launch_whose_connections_break_is_tried_a_few_times(tmp_path, monkeypatch):
    tries = []

    async def broken(_wire: Wire, do: str, *_: Any, **__: Any) -> Any:
        if do == "prepare":
            tries.append(do)
            raise MachineAwayError("the connection ended")
        return []

    async def story(yard: Yard) -> None:
        with pytest.raises(MachineError, match="the connection ended"):
            await yard.launch("gpu1")
        assert len(tries) == 3

    monkeypatch.setattr(Wire, "ask", broken)
    played(tmp_path, monkeypatch, story)


def test_a_launch_fails_at_once_where_waiting_does_not_help(tmp_path, monkeypatch):
    async def story(yard: Yard) -> None:
        yard.failures = [MachineError("it refuses the login")]
        with pytest.raises(MachineError, match="refuses the login"):
            await yard.launch("gpu1")
        assert not yard.told

    played(tmp_path, monkeypatch, story)


def test_what_opens_a_removed_target_is_forgotten(tmp_path, monkeypatch):
    async def story(yard: Yard) -> None:
        await yard.launch("gpu1")
        await yard.launch("gpu2")
        yard.targets.remove("gpu1")
        await yard.wires[0].wait_closed()
        assert yard.wires[1].is_open
        assert [name for _, name in yard.launcher._machines] == ["gpu2"]

    played(tmp_path, monkeypatch, story)


def test_two_targets_of_one_machine_have_files_of_their_own_there(tmp_path, monkeypatch):
    async def story(yard: Yard) -> None:
        for name in ("gpu1", "gpu2", "gpu1"):
            await yard.launch(name)
        assert len(set(yard.servers)) == 2
        again = SshLauncher(tmp_path, INFO, Packs(), find=yard.find, copy=yard.copy)
        await again.launch(
            RunnerOrder(
                workspace_id="w",
                run_id="r",
                attempt=1,
                token="t",  # noqa: S106 (of no server)
                server_url="",
                python="python3",
                place=await yard.find("w", "gpu1"),
            )
        )
        assert yard.servers[-1] == yard.servers[0]
        again._forget(("w", "gpu1"))
        await asyncio.gather(*again._closing)

    played(tmp_path, monkeypatch, story)
