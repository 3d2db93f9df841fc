"""How long a connection to a machine is kept, on connections that are no real ones."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from zaffre.adapters.launchers.elsewhere.parcel import Machine as Described
from zaffre.adapters.launchers.machines import machine as machines
from zaffre.adapters.launchers.machines.connection import Connection, Server
from zaffre.adapters.launchers.machines.failures import MachineAwayError, MachineError
from zaffre.adapters.launchers.machines.login import Login
from zaffre.adapters.launchers.machines.machine import Machine
from zaffre.adapters.launchers.machines.wire import AgentWire
from zaffre_sdk.home import ServerInfo

LOGIN = Login(name="gpu1", address="x", port=22, username="ada", credential={"password": "p"})
INFO = ServerInfo(url="http://127.0.0.1:1", pid=1, create_time=0, instance="i", version="0")


def test_a_connection_that_breaks_before_it_has_a_port_is_away():
    async def scenario() -> None:
        pipe = asyncio.subprocess.PIPE
        ssh = await asyncio.create_subprocess_exec("true", stdin=pipe, stdout=pipe, stderr=pipe)
        wire = AgentWire(ssh)
        with pytest.raises(MachineAwayError, match="no port"):
            await wire.allocated_port()
        await wire.close()

    asyncio.run(scenario())


class Wire:
    """Answers as a script says, until it is broken."""

    def __init__(self, living: list[Any]) -> None:
        self.living = living
        self.broken = asyncio.Event()
        self.asked: list[str] = []

    @property
    def is_open(self) -> bool:
        return not self.broken.is_set()

    async def ask(self, do: str, _asked: object = None, **_options: Any) -> Any:
        if self.broken.is_set():
            raise MachineAwayError("the connection broke")
        self.asked.append(do)
        return self.living if do == "living" else do

    async def wait_closed(self) -> None:
        await self.broken.wait()

    async def close(self) -> None:
        self.broken.set()


class Yard:
    """Makes connections, as many as are asked for."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.living: list[Any] = []
        self.error: MachineError | None = None

    async def connect(self, *_given: object) -> Connection:
        if self.error is not None:
            raise self.error
        self.wires.append(Wire(self.living))
        described = Described(system="Linux", machine="x86_64", boot="1")
        return Connection(wire=self.wires[-1], machine=described, url="")  # type: ignore[arg-type]


@pytest.fixture
def yard(monkeypatch: pytest.MonkeyPatch) -> Yard:
    yard = Yard()
    monkeypatch.setattr(machines, "connect", yard.connect)
    monkeypatch.setattr(machines, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(machines, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(machines, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(machines, "_REFUSED_SECONDS", 0.0)
    return yard


def told(story: Callable[[Machine], Awaitable[None]], *, patience: float = 60) -> None:
    async def tell() -> None:
        machine = Machine(LOGIN, Server(key="s", info=INFO), Path(), patience=patience)
        try:
            async with asyncio.timeout(10):
                await story(machine)
        finally:
            await machine.close()

    asyncio.run(tell())


async def until(look: Callable[[], bool]) -> None:
    while not look():  # noqa: ASYNC110 (what is looked at tells nobody)
        await asyncio.sleep(0.005)


def test_a_connection_that_nothing_needs_is_given_up_and_made_again(yard: Yard):
    async def story(machine: Machine) -> None:
        assert await machine.ask("hello", {}) == "hello"
        await until(lambda: not yard.wires[0].is_open)
        assert await machine.ask("hello", {}) == "hello"
        assert len(yard.wires) == 2

    told(story)


def test_a_connection_is_kept_and_mended_while_runners_live_there(yard: Yard):
    yard.living = [["w", "r", 1]]

    async def story(machine: Machine) -> None:
        await machine.ask("hello", {})
        await until(lambda: len(yard.wires[0].asked) > 10)
        assert yard.wires[0].is_open
        yard.wires[0].broken.set()
        await until(lambda: len(yard.wires) == 2)
        yard.living.clear()
        await until(lambda: not yard.wires[1].is_open)

    told(story)


def test_trouble_of_the_server_itself_ends_no_keeping(yard: Yard, monkeypatch: pytest.MonkeyPatch):
    yard.living = [["w", "r", 1]]

    async def refuse(*_given: object) -> Connection:
        raise OSError(28, "No space left on device")

    async def story(machine: Machine) -> None:
        await machine.ask("hello", {})
        await until(lambda: "living" in yard.wires[0].asked)
        monkeypatch.setattr(machines, "connect", refuse)
        yard.wires[0].broken.set()
        with pytest.raises(OSError, match="No space"):
            await machine.ask("alive", {})
        assert not machine.is_lost
        monkeypatch.setattr(machines, "connect", yard.connect)
        await until(lambda: len(yard.wires) == 2)

    told(story)


def test_who_is_away_for_too_long_is_lost_until_it_is_back(yard: Yard):
    yard.error = MachineAwayError("nobody is there")

    async def story(machine: Machine) -> None:
        assert not machine.is_lost
        with pytest.raises(MachineAwayError, match="nobody is there"):
            await machine.ask("hello", {})
        await until(lambda: machine.is_lost)
        assert "was out of reach for" in machine.ending({"boot": "1"})
        yard.error = None
        await machine.ask("hello", {})
        assert not machine.is_lost
        assert machine.ending({"boot": "1"}) == ""
        assert "was restarted" in machine.ending({"boot": "0"})

    told(story, patience=0.02)


def test_a_machine_that_was_closed_is_not_asked_again(yard: Yard):
    async def story(machine: Machine) -> None:
        await machine.ask("hello", {})
        await machine.close()
        with pytest.raises(MachineAwayError, match="ending"):
            await machine.ask("hello", {})
        assert len(yard.wires) == 1

    told(story)
