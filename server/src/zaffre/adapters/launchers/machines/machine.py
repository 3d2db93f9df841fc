"""A machine with runners on it: the connection to it, made again for as long as it is needed."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from zaffre.adapters.launchers.machines.connection import Connection, Server, connect
from zaffre.adapters.launchers.machines.failures import MachineAwayError, MachineError
from zaffre.adapters.launchers.machines.login import Login

logger = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 10.0
_IDLE_SECONDS: Final = 120.0
_REFUSED_SECONDS: Final = 2.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0


class Machine:
    """Keeps one connection while runners live there, and for a while after.

    Args:
        login: Where it is.
        server: That runners there reach.
        folder: Keeps what is known of the machine.
        patience: After so many seconds out of reach, what runs there is taken for lost.
    """

    def __init__(self, login: Login, server: Server, folder: Path, *, patience: float) -> None:
        self._login = login
        self._server = server
        self._folder = folder
        self._patience = patience
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._busy = 0
        self._wanted_at = time.monotonic()
        self._away_since: float | None = None
        self._failure: MachineError | None = None
        self._failed_at = 0.0
        self._has_runners = False
        self._is_closed = False

    @property
    def is_lost(self) -> bool:
        """Whether it has been out of reach for longer than patience lasts."""
        away = self._away_since
        return away is not None and time.monotonic() - away > self._patience

    def named(self, error: OSError) -> MachineError:
        """Return an error that says which machine it is about."""
        said = str(error)
        return MachineError(said if self._login.who in said else f"{self._login.who}: {said}")

    def ending(self, handle: Mapping[str, Any]) -> str:
        """Say why a runner that is gone may be gone; nothing if that is not known."""
        if self.is_lost:
            minutes = round(self._patience / 60)
            return f"{self._login.who} was out of reach for {minutes} minutes."
        connection = self._connection
        if connection is not None and connection.machine.boot != handle.get("boot"):
            return f"{self._login.who} was restarted while the run executed there."
        return ""

    async def connection(self) -> Connection:
        """Return the connection; connect if there is none.

        Raises:
            MachineError: It cannot be used.
        """
        self._wanted_at = time.monotonic()
        return await self._connected()

    async def ask(
        self, do: str, asked: object, *, say: Callable[[str], None] | None = None
    ) -> Any:  # noqa: ANN401 (what the agent answers)
        """Ask the agent there.

        Raises:
            MachineError: It cannot be used, or cannot do that.
        """
        self._busy += 1
        try:
            connection = await self.connection()
            return await connection.wire.ask(do, asked, say=say)
        except MachineAwayError:
            self._away_since = self._away_since or time.monotonic()
            raise
        finally:
            self._busy -= 1
            self._wanted_at = time.monotonic()

    async def send(self, files: Mapping[str, Path], say: Callable[[str], None]) -> None:
        """Send the files that the machine does not have yet, by digest; each once.

        Raises:
            MachineError: It cannot be used, or cannot take them.
        """
        async with self._sending:
            for digest in await self.ask("missing", {"files": list(files)}):
                path = files[digest]
                size = (await asyncio.to_thread(path.stat)).st_size
                say(f"Sending {path.name} ({size / 1e6:.1f} MB).")
                connection = await self.connection()
                await connection.wire.send_file(digest, path)

    async def close(self) -> None:
        """End the connection for good; runners there go on."""
        self._is_closed = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._drop()

    async def _connected(self) -> Connection:
        async with self._connecting:
            if self._is_closed:
                raise MachineAwayError("The server is ending.")
            if self._connection is None or not self._connection.wire.is_open:
                await self._drop()
                self._connection = await self._connect()
            if self._keeping is None or self._keeping.done():
                self._keeping = asyncio.create_task(self._keep())
            return self._connection

    async def _connect(self) -> Connection:
        if self._failure is not None and time.monotonic() - self._failed_at < _REFUSED_SECONDS:
            # Many may ask, and each try takes its time.
            raise type(self._failure)(*self._failure.args)
        try:
            connection = await connect(self._login, self._server, self._folder)
        except MachineError as error:
            self._failure, self._failed_at = error, time.monotonic()
            self._away_since = self._away_since or self._failed_at
            raise
        self._failure = self._away_since = None
        logger.info("Connected to %s", self._login.who)
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.wire.close()

    async def _keep(self) -> None:
        """Look after the connection until nothing there needs it."""
        while True:
            await self._keep_while_needed()
            async with self._connecting:
                # Somebody may have come meanwhile.
                if not self._is_needed():
                    self._keeping = None
                    await self._drop()
                    return

    async def _keep_while_needed(self) -> None:
        pause = _FIRST_PAUSE
        while self._is_needed():
            try:
                self._has_runners = bool(await self._living())
                pause = _FIRST_PAUSE
                await self._until_broken(_LOOK_SECONDS)
            except OSError as error:
                logger.warning("%s", self.named(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _living(self) -> list[Any]:
        connection = await self._connected()
        living: list[Any] = await connection.wire.ask("living")
        return living

    async def _until_broken(self, seconds: float) -> None:
        """Wait for some time, or until the connection breaks."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await connection.wire.wait_closed()

    def _is_needed(self) -> bool:
        if self._busy or (self._has_runners and not self.is_lost):
            return True
        return time.monotonic() - self._wanted_at < _IDLE_SECONDS and not self.is_lost
