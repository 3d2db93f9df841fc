"""Units of work on their way from a caller's event loop to a thread and back."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from zaffre.domain.errors import UnavailableError
from zaffre.ports.stores import Stores

MAX_WAITING = 10_000
"""How many units may wait in one queue before more are refused."""

_log = logging.getLogger(__name__)


class UnitThread(threading.Thread):
    """A thread that runs units; a unit that starts another would wait for itself."""


@dataclass(slots=True, eq=False)
class Unit:
    """A function over stores, who waits for it, and what came of it.

    Attributes:
        actions: What to do once it is durable.
    """

    work: Callable[[Stores], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None
    actions: list[Callable[[], None]] = field(default_factory=list)

    def run(self, stores: Stores) -> None:
        """Do the work; what it raises goes to the one who waits, be it what it may."""
        try:
            self.result = self.work(stores)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, must not end the thread
            self.error = error

    def act(self) -> None:
        """Do what was to be done after the commit."""
        for action in self.actions:
            try:
                action()
            except Exception:  # noqa: BLE001 - logged; what is committed stays so
                _log.exception("An action after a commit failed")

    def settle(self) -> None:
        """Tell the one who waits, in the thread of their loop, unless they went away."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        elif isinstance(self.error, StopIteration):
            # A future refuses it, since it would end the generator that waits.
            self.future.set_exception(RuntimeError("the unit raised StopIteration"))
        else:
            self.future.set_exception(self.error)


class UnitQueue:
    """Units that wait; closed once, after which what was accepted is still handed out."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False

    async def run(self, work: Callable[[Stores], Any]) -> Any:  # noqa: ANN401 - what the work returns
        """Wait for a unit's turn and return what it returned."""
        if isinstance(threading.current_thread(), UnitThread):
            raise RuntimeError("a unit of work may not start another one")  # noqa: TRY004 - the caller is wrong, not a type
        loop = asyncio.get_running_loop()
        unit = Unit(work, loop, loop.create_future())
        self._put(unit)
        return await unit.future

    def take(self) -> Unit | None:
        """Wait for a unit; None says that there will be no more."""
        return self._queue.get()

    def take_waiting(self) -> Unit | None:
        """Return a unit that waits already; None when none does, or none will any more."""
        if self._queue.empty():
            return None
        unit = self._queue.get()
        if unit is None:
            self._queue.put(None)
        return unit

    def close(self, takers: int) -> None:
        """Accept no more and tell each taker; the second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(takers):
                self._queue.put(None)

    def _put(self, unit: Unit) -> None:
        with self._lock:
            if self._closed:
                raise UnavailableError(
                    "ShuttingDown", "The server is stopping.", hint="Try again in a moment."
                )
            if self._queue.qsize() >= MAX_WAITING:
                raise UnavailableError(
                    "ServerBusy",
                    f"{MAX_WAITING} requests wait for the database.",
                    hint="Try again in a moment.",
                )
            self._queue.put(unit)


def deliver(units: Iterable[Unit]) -> None:
    """Tell everyone who waits, once for each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[Unit]] = {}
    for unit in units:
        loops.setdefault(unit.loop, []).append(unit)
    for loop, ready in loops.items():
        try:
            loop.call_soon_threadsafe(_settle_all, ready)
        except RuntimeError:
            _log.warning("%d units ended after their event loop had closed", len(ready))


def _settle_all(units: list[Unit]) -> None:
    for unit in units:
        unit.settle()
