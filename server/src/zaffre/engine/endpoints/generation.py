"""The replicas of one generation, kept alive."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from zaffre.domain.endpoints import DeploymentSpec, EndpointError
from zaffre.domain.errors import ZaffreError
from zaffre.engine.endpoints.log import EndpointLog
from zaffre.engine.endpoints.parts import EndpointLimits
from zaffre.ports.replicas import Replica, ReplicaFailedError, ReplicaOrder, ReplicaStarter

logger = logging.getLogger(__name__)
CRASH_LOOP = "ReplicaCrashLoop"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationOrder:
    """What a generation is started from."""

    endpoint_id: str
    name: str
    number: int
    spec: DeploymentSpec
    folder: Path
    model_dir: str
    python: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who is told what becomes of a generation.

    Attributes:
        changed: The replicas that answer are others now.
        healthy: Told None when replicas stay alive again, or why they do not.
    """

    changed: Callable[[], None]
    healthy: Callable[[EndpointError | None], Awaitable[None]]


class Generation:
    """Starts replicas, and starts them again when they die: at once, then ever more slowly."""

    def __init__(
        self,
        starter: ReplicaStarter,
        order: GenerationOrder,
        *,
        log: EndpointLog,
        limits: EndpointLimits,
        listeners: Listeners,
    ) -> None:
        self.number = order.number
        self.folder = order.folder
        self._starter = starter
        self._order = order
        self._log = log
        self._limits = limits
        self._listeners = listeners
        self._slots: list[Replica | None] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Those that answer."""
        return tuple(replica for replica in self._slots if replica is not None)

    async def start(self) -> None:
        """Start every replica, or none.

        Raises:
            ReplicaFailedError: One of them does not come to answer.
        """
        starts = [asyncio.create_task(self._start()) for _ in range(self._order.spec.replicas)]
        try:
            self._slots = list(await asyncio.gather(*starts))
        except BaseException:
            await _give_up(starts)
            raise
        self._tasks = [
            asyncio.create_task(self._keep(slot), name=f"replica {slot} of {self._order.name}")
            for slot in range(len(self._slots))
        ]

    async def stop(self) -> None:
        """End every replica; those that answer calls finish them."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        replicas, self._slots = self.replicas, []
        await asyncio.gather(*(replica.stop() for replica in replicas))

    async def _start(self) -> Replica:
        order, spec = self._order, self._order.spec
        variables = {**spec.environment.variables, "ZAFFRE_ENDPOINT_NAME": order.name}
        return await self._starter.start(
            ReplicaOrder(
                endpoint_id=order.endpoint_id,
                python=order.python,
                folder=order.folder,
                entry_script=spec.entry_script,
                model_dir=str(order.folder / order.model_dir),
                variables=variables,
                timeout_seconds=spec.timeout_seconds,
                max_concurrent=spec.max_concurrent,
                start_timeout_seconds=self._limits.start,
                log=self._log.write,
            )
        )

    async def _keep(self, slot: int) -> None:
        deaths = 0
        while True:
            replica = self._slots[slot]
            if replica is not None:
                deaths = await self._until_death(replica, deaths)
                self._slots[slot] = None
                self._listeners.changed()
            await asyncio.sleep(self._limits.pause(deaths))
            try:
                self._slots[slot] = await self._start()
            except Exception as error:  # noqa: BLE001 (whatever it is, it must be tried again)
                deaths += 1
                await self._tell(deaths, self._words_of(error))
            else:
                self._log.say(f"Replica {slot} was started again.")
                self._listeners.changed()

    async def _until_death(self, replica: Replica, deaths: int) -> int:
        """Wait until a replica is dead, and return how many deaths followed each other."""
        try:
            async with asyncio.timeout(self._limits.stable):
                code = await replica.wait()
        except TimeoutError:
            if deaths >= self._limits.crashes:
                await self._report(None)
            deaths = 0
            code = await replica.wait()
        await self._tell(deaths + 1, f"A replica ended with exit code {code}.")
        return deaths + 1

    async def _tell(self, deaths: int, message: str) -> None:
        pause = self._limits.pause(deaths)
        self._log.say(f"{message} It is started again in {pause:g} s.")
        if deaths >= self._limits.crashes:
            details = await self._log.tail()
            await self._report(
                EndpointError(
                    code=CRASH_LOOP,
                    message=f"Replicas ended {deaths} times one after the other. {message}",
                    details=details,
                )
            )

    async def _report(self, error: EndpointError | None) -> None:
        """Tell how replicas fare; they are started again even when nobody can take note."""
        try:
            await self._listeners.healthy(error)
        except Exception:
            logger.exception("The state of endpoint %s was not kept.", self._order.endpoint_id)

    def _words_of(self, error: Exception) -> str:
        if isinstance(error, ZaffreError):
            return error.message
        logger.error(
            "A replica of endpoint %s was not started.", self._order.endpoint_id, exc_info=error
        )
        return f"The server failed to start a replica: {error}."


async def _give_up(starts: list[asyncio.Task[Replica]]) -> None:
    for start in starts:
        start.cancel()
    done = await asyncio.gather(*starts, return_exceptions=True)
    await asyncio.gather(
        *(replica.stop() for replica in done if not isinstance(replica, BaseException))
    )


def error_of(error: Exception, tail: str) -> EndpointError:
    """Return an error as the endpoint keeps it: with the traceback, or the last log lines."""
    if isinstance(error, ReplicaFailedError):
        return EndpointError(code=error.code, message=error.message, details=error.details or tail)
    if isinstance(error, ZaffreError):
        message = f"{error.message} {error.hint}" if error.hint else error.message
        return EndpointError(code=error.code, message=message, details=tail)
    return EndpointError(
        code="DeploymentFailed", message="The server failed to deploy this.", details=tail
    )
