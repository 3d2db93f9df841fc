"""Replicas as processes of this machine."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import STDOUT, Process
from collections.abc import Mapping
from typing import Final

import psutil

from zaffre.adapters.replicas.connection import Connection
from zaffre.adapters.replicas.variables import variables_of
from zaffre.adapters.replicas.wires import Output, Wires
from zaffre.ports.replicas import ReplicaFailedError, ReplicaOrder, ScoringAnswer

STOP_SECONDS: Final = 5.0
_END_SECONDS: Final = 2.0


class ProcessReplica:
    """A process in a session of its own, and the stream to it."""

    def __init__(
        self,
        process: Process,
        order: ReplicaOrder,
        *,
        wires: Wires,
        connection: Connection,
        output: Output,
    ) -> None:
        self._process = process
        self._wires = wires
        self._connection = connection
        self._output = output
        self._order = order
        self._ended = asyncio.create_task(self._watch(), name=f"replica {order.endpoint_id}")
        connection.stuck.add_done_callback(lambda _: self._kill())

    async def score(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> ScoringAnswer:
        """Pass one request on."""
        return await self._connection.score(method, path, headers, body)

    @property
    def pid(self) -> int:
        """The process that watches over the one with the user's code."""
        return self._process.pid

    @property
    def waiting(self) -> int:
        """How many calls it has not answered yet."""
        return self._connection.waiting

    @property
    def is_alive(self) -> bool:
        """Whether calls reach it."""
        return self._connection.is_open and not self._ended.done()

    @property
    def swagger(self) -> bytes:
        """What the replica says of its service."""
        return self._connection.swagger

    async def wait(self) -> int:
        """Wait until the process has ended, and return its exit code."""
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """Let calls finish, ask the process to end, then end it."""
        try:
            # Not `wait_for`: before Python 3.12 it forgets a cancellation that meets an answer.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._connection.idle.wait()
            self._connection.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await asyncio.shield(self._ended)
        finally:
            self._kill()
        await asyncio.shield(self._ended)

    async def started(self) -> None:
        """Return once `init` returned.

        Raises:
            ReplicaFailedError: It did not.
        """
        limit = self._order.start_timeout_seconds
        try:
            async with asyncio.timeout(limit):
                await asyncio.shield(self._connection.ready)
        except TimeoutError:
            raise ReplicaFailedError(
                "ReplicaStartFailed",
                f"`init` did not return within {limit:g} s.",
            ) from None
        if not self._connection.is_open:
            raise ReplicaFailedError("ReplicaStartFailed", ending(await self.wait()))

    async def end(self) -> None:
        """End the process at once."""
        self._kill()
        await asyncio.shield(self._ended)

    async def _watch(self) -> int:
        """Wait until the process has ended, and end what it leaves behind."""
        code = await self._process.wait()
        self._kill_group()
        # What it answered and wrote before it died is still on its way; a descendant in a
        # session of its own may hold the other ends for ever.
        await asyncio.wait([self._connection.lost, self._output.ended], timeout=_END_SECONDS)
        self._connection.abort()
        self._output.close()
        self._wires.let_go()
        return code

    def _kill(self) -> None:
        if self._process.returncode is not None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self._kill_group()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class ProcessReplicas:
    """Starts replicas on this machine.

    The memory that a deployment asks for is not enforced: processes share the machine.

    Args:
        environment: The server's environment variables, of which an allow-list passes.
    """

    def __init__(self, *, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def start(self, order: ReplicaOrder) -> ProcessReplica:
        """Start one and return it once `init` returned."""
        replica = await self._launch(order)
        try:
            await replica.started()
        except BaseException:
            await replica.end()
            raise
        return replica

    async def _launch(self, order: ReplicaOrder) -> ProcessReplica:
        wires = Wires()
        stream = wires.stream.fileno()
        try:
            process = await asyncio.create_subprocess_exec(
                order.python,
                *("-m", "zaffre_sdk.scoring", str(stream)),
                pass_fds=(stream,),
                stdin=wires.lifeline,
                stdout=wires.output,
                stderr=STDOUT,
                cwd=order.folder,
                env=variables_of(order, self._environment),
                start_new_session=True,
            )
            wires.close_theirs()
            connection, output = await wires.connect(order)
        except OSError as error:
            wires.close_ours()
            raise ReplicaFailedError(
                "ReplicaStartFailed",
                f"The interpreter `{order.python}` cannot be started: {error.strerror}.",
            ) from error
        except BaseException:
            wires.close_ours()
            raise
        return ProcessReplica(process, order, wires=wires, connection=connection, output=output)


def ending(code: int) -> str:
    """Return in words how a replica ended."""
    if code == -signal.SIGKILL:
        return (
            "The process was killed (SIGKILL): most often the machine ran out of memory, or "
            "somebody ended it."
        )
    if code < 0:
        return f"The process was ended by {signal.Signals(-code).name}."
    return f"The process ended with exit code {code}."
