"""One connection: an agent at the other end, and a port there that leads to the server."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from zaffre_sdk.home import ServerInfo

from zaffre.adapters.launchers.elsewhere.parcel import Machine, agent_program
from zaffre.adapters.launchers.machines.failures import (
    MachineAwayError,
    MachineError,
    PortTakenError,
    failure,
)
from zaffre.adapters.launchers.machines.login import Login, command_for, pinned_at
from zaffre.adapters.launchers.machines.wire import AgentWire

_HELLO_SECONDS: Final = 60.0
_LOADER: Final = "import sys;exec(sys.stdin.buffer.read({size}).decode())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server that machines are to reach.

    Attributes:
        key: What it is known by, also after it was started anew.
        info: Where it is on its own machine, and which start of it this is.
    """

    key: str
    info: ServerInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A line to a machine.

    Attributes:
        machine: What it said of itself.
        url: Where runners there reach the server.
    """

    wire: AgentWire
    machine: Machine
    url: str


async def connect(login: Login, server: Server, folder: Path) -> Connection:
    """Connect to a machine, with the port there that it had before, if that is free.

    Args:
        login: Where to.
        server: That runners there are to reach.
        folder: Keeps what is known of the machine.

    Raises:
        MachineError: It cannot be used.
    """
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    known = _known_port(folder, login)
    if not known:
        return await _connect(login, server, folder, port=0)
    try:
        return await _connect(login, server, folder, port=known)
    except PortTakenError:
        # By the connection before this one, of which that side does not know yet that it broke?
        await _evict(login, server, folder)
    try:
        return await _connect(login, server, folder, port=known)
    except PortTakenError:
        return await _connect(login, server, folder, port=0)


async def _evict(login: Login, server: Server, folder: Path) -> None:
    connection = await _open(login, server, folder, port=0)
    try:
        await connection.ask("evict")
    finally:
        await connection.close()


async def _connect(login: Login, server: Server, folder: Path, *, port: int) -> Connection:
    wire = await _open(login, server, folder, port=port)
    try:
        said = await wire.ask("hello")
        port = port or await wire.allocated_port()
        url = f"http://127.0.0.1:{port}"
        info = server.info
        told = {"url": url, "instance": info.instance, "version": info.version}
        await wire.ask("announce", told)
    except BaseException:
        await wire.close()
        raise
    _keep_port(folder, login, port)
    return Connection(wire=wire, machine=Machine(**said), url=url)


async def _open(login: Login, server: Server, folder: Path, *, port: int) -> AgentWire:
    """Log in and load the agent."""
    program, sources = agent_program(root=login.work_folder, server=server.key)
    loader = _LOADER.format(size=len(program))
    place = urlsplit(server.info.url)
    forward = f"127.0.0.1:{port}:{_host(place.hostname)}:{place.port}"
    with command_for(
        login, folder, forward=forward, program=f"exec {login.python} -u -c '{loader}'"
    ) as command:
        process = await asyncio.create_subprocess_exec(
            *command.words,
            env=command.environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Neither a terminal to ask at, nor the signals of the one of the server.
            start_new_session=True,
        )
        wire = AgentWire(process)
        try:
            await wire.write(program + sources)
            await wire.ask("missing", {"files": []}, seconds=_HELLO_SECONDS)
        except MachineAwayError:
            await wire.close()
            raise _failure(login, folder, wire) from None
        except BaseException:
            await wire.close()
            raise
    return wire


def _failure(login: Login, folder: Path, wire: AgentWire) -> MachineError:
    return failure(login.who, code=wire.code, lines=wire.said, pinned=str(pinned_at(folder)))


def _host(name: str | None) -> str:
    return f"[{name}]" if name and ":" in name else name or "127.0.0.1"


def _known_port(folder: Path, login: Login) -> int:
    with contextlib.suppress(OSError, ValueError):
        known: Any = json.loads((folder / "port.json").read_bytes())
        if isinstance(known, dict) and isinstance(known.get(login.alias), int):
            return int(known[login.alias])
    return 0


def _keep_port(folder: Path, login: Login, port: int) -> None:
    (folder / "port.json").write_text(json.dumps({login.alias: port}), encoding="utf-8")
