"""How much processor and memory the run uses, as metrics of the run.

Their names begin with `zaffre/`, apart from those that users choose; what reads metrics for user
code leaves them out.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence

import msgspec
import psutil

from zaffre_sdk.connections import BrokenError
from zaffre_sdk.runner.link import Link, RefusedError, Request, StoppedError
from zaffre_sdk.runner.order import Order
from zaffre_sdk.wire.metrics import MEASURED, BatchIn, Point

CPU_NAME = f"{MEASURED}cpu_percent"
MEMORY_NAME = f"{MEASURED}memory_mb"
_MB = 1 << 20
_MAX_WAITING = 1000
_HUNDRED = 100.0


class ResourceMeter:
    """Measures the runner's descendants from time to time.

    Attributes:
        peak_mb: The most memory that was seen in use at once.
    """

    def __init__(self, link: Link, order: Order, *, every: float) -> None:
        self._link = link
        self._path = f"{order.run_path}/metrics"
        self._writer = f"runner-{order.attempt}"
        self._every = every
        self._sequence = 0
        self._waiting: list[Point] = []
        self._unsent: BatchIn | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep_measuring, name="meter", daemon=True)
        self._last = (time.monotonic(), 0.0)
        self.peak_mb = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._done.set()
        self._thread.join()

    def _keep_measuring(self) -> None:
        with contextlib.suppress(StoppedError):
            while not self._done.wait(self._every):
                self._waiting = [*self._waiting, *self._measure()][-_MAX_WAITING:]
                self._send()

    def _measure(self) -> list[Point]:
        seconds, memory = _use_of_descendants()
        self.peak_mb = max(self.peak_mb, memory / _MB)
        now = time.monotonic()
        before, seconds_before = self._last
        self._last = now, seconds
        # Processes that ended take their time along; the sum may fall.
        percent = _HUNDRED * max(seconds - seconds_before, 0.0) / max(now - before, 1e-3)
        stamp = time.time()
        return [
            Point(CPU_NAME, "scalar", round(percent, 1), None, stamp),
            Point(MEMORY_NAME, "scalar", round(memory / _MB, 1), None, stamp),
        ]

    def _send(self) -> None:
        """Send what waits; a batch whose fate is unknown is sent again as it was."""
        if self._unsent is None:
            self._sequence += 1
            self._unsent = BatchIn(
                writer=self._writer, sequence=self._sequence, points=self._waiting
            )
            self._waiting = []
        body = msgspec.json.encode(self._unsent)
        request = Request(
            "POST", self._path, body, {"content-type": "application/json"}, once=True
        )
        # Measurements are worth one try each round, and never hold anything up.
        with contextlib.suppress(BrokenError, RefusedError):
            self._link.send(request)
            self._unsent = None


def _use_of_descendants() -> tuple[float, int]:
    """Return the processor seconds and the resident bytes of everything below the runner."""
    seconds, memory = 0.0, 0
    for process in descendants():
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            seconds += times.user + times.system
            memory += process.memory_info().rss
    return seconds, memory


def descendants() -> list[psutil.Process]:
    """Return everything below the runner."""
    return psutil.Process().children(recursive=True)


def descendants_by(variable: str) -> dict[str, list[psutil.Process]]:
    """Return what is below the runner, by the value of a variable that it was started with."""
    found: dict[str, list[psutil.Process]] = {}
    for process in descendants():
        with contextlib.suppress(psutil.Error):
            value = process.environ().get(variable)
            if value is not None:
                found.setdefault(value, []).append(process)
    return found


def memory_of(processes: Sequence[psutil.Process], *, exact_above: int) -> int:
    """Return the bytes of memory of processes together.

    Args:
        processes: Those that are counted.
        exact_above: Above this many bytes it is measured exactly, which takes longer: pages that
            processes share are then counted once.
    """
    resident = sum(_bytes_of(process, "rss") for process in processes)
    if resident <= exact_above:
        return resident
    return sum(_bytes_of(process, "pss") for process in processes)


def _bytes_of(process: psutil.Process, measure: str) -> int:
    with contextlib.suppress(psutil.Error):
        if measure == "rss":
            return int(process.memory_info().rss)
        full = process.memory_full_info()
        # Only Linux knows how pages are shared.
        return int(getattr(full, "pss", full.rss))
    return 0
