"""The launcher of runners on other machines; implements `ports.launchers.Launcher`."""

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from zaffre_sdk.home import ServerInfo

from zaffre.adapters.launchers.elsewhere.parcel import Packer, content_of
from zaffre.adapters.launchers.elsewhere.patience import (
    FIRST_PAUSE,
    PATIENCE_SECONDS,
    when_in_reach,
)
from zaffre.adapters.launchers.machines.connection import Connection, Server
from zaffre.adapters.launchers.machines.failures import MachineAwayError, MachineError
from zaffre.adapters.launchers.machines.login import Login, login_of
from zaffre.adapters.launchers.machines.machine import Machine
from zaffre.base.text import shown
from zaffre.domain.errors import NotFoundError, ZaffreError
from zaffre.ports.launchers import Account, ComputePlace, RunnerOrder

logger = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 60.0
_TRIES: Final = 3
"""How often a launch begins whose connection breaks in the middle of it."""

FindPlace = Callable[[str, str], Awaitable[ComputePlace]]
"""Returns a compute target of a workspace, and how it is reached."""
CopyBlob = Callable[[str, Path], Awaitable[None]]
_Key = tuple[str, str]


class SshLauncher:
    """Starts runners on machines by an agent that is sent there.

    A connection is made when something is to be done on a machine. It stays while runners live
    there, since they reach the server through it. Runners need it neither to work nor to be found
    again: they wait for the server while it is away.

    Args:
        home: Of the server; keeps the keys of machines below `machines`.
        info: The server that runners are to reach.
        packer: Packs what environments are made of.
        find: Finds a target again.
        copy: Writes the bytes of a digest to a file.
        patience: After so many seconds out of reach, what runs on a machine is taken for lost.
    """

    def __init__(
        self,
        home: Path,
        info: ServerInfo,
        packer: Packer,
        *,
        find: FindPlace,
        copy: CopyBlob,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._home = home
        self._key = _server_key(home)
        self._info = info
        self._packer = packer
        self._find = find
        self._copy = copy
        self._patience = patience
        self._machines: dict[_Key, tuple[Login, Machine]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def launch(self, order: RunnerOrder) -> dict[str, Any]:
        """Start the runner and return its handle.

        Raises:
            MachineError: The machine cannot be used, or not for that.
        """
        place = order.place
        if order.image is not None:
            raise MachineError(
                f"The environment of this run is the image {shown(order.image)}, and runs on the "
                f"machine {shown(place.name)} have no containers. Take an environment without one."
            )
        machine = self._machine(order.workspace_id, place)
        try:
            for _ in range(_TRIES - 1):
                connection = await self._reached(machine, order)
                try:
                    return await self._launch(machine, connection, order)
                except MachineAwayError as error:
                    order.say(f"{machine.named(error)} Trying again.")
                    await asyncio.sleep(FIRST_PAUSE)
            return await self._launch(machine, await self._reached(machine, order), order)
        except MachineError as error:
            raise machine.named(error) from error

    async def run(self) -> None:
        """Hold the connections until cancelled; runners go on."""
        try:
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                await self._forget_removed()
        finally:
            machines = [machine for _, machine in self._machines.values()]
            self._machines.clear()
            await asyncio.gather(*(machine.close() for machine in machines), *self._closing)

    async def is_alive(self, handle: dict[str, Any]) -> bool:
        """Tell whether the runner of that handle lives, as far as anybody can tell.

        One on a machine that is out of reach lives until patience is over.
        """
        try:
            machine = await self._found(handle["workspace_id"], handle["compute"])
        except (ZaffreError, MachineError) as error:
            logger.warning("A runner cannot be asked for: %s", error)
            return True
        try:
            return bool(await machine.ask("alive", {"handle": handle}))
        except OSError:  # Also of this machine, such as a full disk: that ends no run there.
            return not machine.is_lost

    async def account(self, handle: dict[str, Any]) -> Account:
        """Return what else is known of the runner of that handle."""
        try:
            machine = await self._found(handle["workspace_id"], handle["compute"])
        except (ZaffreError, MachineError):
            return Account()
        return Account(ending=machine.ending(handle))

    async def stop(self, workspace_id: str, run_id: str, handle: dict[str, Any]) -> None:
        """End the runner, if it lives, and every process that the run left behind."""
        if "compute" not in handle or "attempt" not in handle:
            return
        asked = {
            "workspace_id": workspace_id,
            "run_id": run_id,
            "attempt": handle["attempt"],
            "handle": handle if "pid" in handle else None,
        }
        try:
            machine = await self._found(workspace_id, handle["compute"])
            told = await machine.ask("stop", asked)
        except (ZaffreError, OSError) as error:
            # Its runner is refused whatever it asks from now on, and ends itself.
            logger.warning("The runner of %s was not ended: %s", run_id, error)
            return
        if not told["is_over"]:
            logger.error("Processes of the run %s cannot be ended.", run_id)
        folder = self._home / "runs" / workspace_id / run_id / str(handle["attempt"])
        await asyncio.to_thread(_keep_log, folder, told["log"])

    async def _reached(self, machine: Machine, order: RunnerOrder) -> Connection:
        """Return the connection; wait for it while the machine is out of reach, with patience."""
        return await when_in_reach(
            machine.connection,
            order,
            away=MachineAwayError,
            words=lambda error: str(machine.named(error)),
            seconds=self._patience,
            pause=FIRST_PAUSE,
        )

    async def _launch(
        self, machine: Machine, connection: Connection, order: RunnerOrder
    ) -> dict[str, Any]:
        async with self._wheels(order) as wheels:
            parcel = await asyncio.to_thread(
                self._packer.pack,
                order,
                connection.machine,
                own=[order.python, connection.machine.python],
                wheels=wheels,
            )
            await machine.send(parcel.files, order.say)
        python = await machine.ask("prepare", parcel.wanted, say=order.say)
        content = content_of(order, server_url=connection.url)
        handle = await machine.ask("start", {"order": content, "python": python})
        return {
            **handle,
            "attempt": order.attempt,
            "workspace_id": order.workspace_id,
            "compute": order.place.name,
        }

    @asynccontextmanager
    async def _wheels(self, order: RunnerOrder) -> AsyncIterator[dict[str, Path]]:
        """Give the private wheels of an order as files."""
        spec = order.place.environment
        with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
            files = {}
            for name, digest in (spec.wheels if spec else {}).items():
                files[name] = Path(folder) / name
                await self._copy(digest, files[name])
            yield files

    async def _found(self, workspace_id: str, name: str) -> Machine:
        return self._machine(workspace_id, await self._find(workspace_id, name))

    def _machine(self, workspace_id: str, place: ComputePlace) -> Machine:
        """Return the machine of a target as it is reached now."""
        login = login_of(place)
        key = workspace_id, place.name
        known = self._machines.get(key)
        if known is not None and known[0] == login:
            return known[1]
        self._forget(key)
        folder = self._home / "machines" / workspace_id / place.name
        # Two targets may be the same machine: each has an agent and files of its own there.
        target = hashlib.sha256(f"{workspace_id} {place.name}".encode()).hexdigest()[:16]
        server = Server(key=f"{self._key}-{target}", info=self._info)
        machine = Machine(login, server, folder, patience=self._patience)
        self._machines[key] = login, machine
        return machine

    async def _forget_removed(self) -> None:
        """Close what leads to targets that are gone, and keep nothing that opens them."""
        for key in list(self._machines):
            try:
                await self._find(*key)
            except NotFoundError:
                self._forget(key)
            except ZaffreError as error:
                logger.warning("The target %s could not be looked at: %s", key[1], error.message)

    def _forget(self, key: _Key) -> None:
        known = self._machines.pop(key, None)
        if known is not None:
            closing = asyncio.create_task(known[1].close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


def _server_key(home: Path) -> str:
    """Return what the server of a home is known by on machines; made at the first time."""
    path = home / "machines" / "key"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(os.urandom(16).hex(), encoding="utf-8")
    return path.read_text("utf-8").strip()


def _keep_log(folder: Path, text: str) -> None:
    if text:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "runner.log").write_text(text, encoding="utf-8")
