"""Logging without waiting: a point goes into memory, threads bring it to disk and server."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections import deque
from pathlib import Path
from time import time as now
from typing import Any

from zaffre_sdk.home import Home
from zaffre_sdk.metrics.delivery import Send
from zaffre_sdk.metrics.values import PLAIN, plain
from zaffre_sdk.metrics.writer import Item, Writer, points_in

_CLOSE_SECONDS = 60.0


class MetricSender:
    """Logs points from any thread and process of a program.

    A point is spooled to disk within about a tenth of a second and sent after that, again and
    again until the server has it. Nothing here raises into the program, and nothing waits but
    `flush` and `close`. A forked child logs as a writer of its own.

    Attributes:
        folder: Where points wait.

    Example:
        >>> sender = MetricSender(lambda batch: workspace.metrics.send(run_id, batch))
        >>> sender.log("loss", "scalar", 0.25)
        >>> sender.flush(timeout=10)
        True
    """

    def __init__(self, send: Send, spool_folder: Path | None = None) -> None:
        """Make a sender; threads and files come with the first point.

        Args:
            send: Stores a batch at the server; called from a thread of its own. Failures of the
                kind SdkError or OSError are tried again, refusals (4xx) are kept aside.
            spool_folder: Where points wait; a folder of the home by default.
        """
        self._send = send
        self.folder = spool_folder or Home.default().spool_path
        # Reentrant, since a handler of signals may log in the middle of a log call.
        self._lock = threading.RLock()
        self._writer: Writer | None = None
        self._items: deque[Item] = deque()
        self._woken = threading.Event()
        self._rejected = 0
        _senders.add(self)

    @property
    def rejected(self) -> int:
        """How many points the server refused for good."""
        writer = self._writer
        return self._rejected + (writer.rejected if writer is not None else 0)

    @property
    def waiting(self) -> int:
        """How many points the server does not have yet, as far as is known."""
        writer = self._writer
        return points_in(self._items) if writer is None else writer.waiting

    @property
    def is_sending(self) -> bool:
        """Whether there are threads that send; an interpreter that ends starts none any more."""
        return self._writer is not None

    @property
    def away_since(self) -> float | None:
        """When the server stopped answering, by the monotonic clock; None while it does."""
        writer = self._writer
        return None if writer is None else writer.away_since

    def log(
        self,
        name: str,
        kind: str,
        value: Any,  # noqa: ANN401 (whatever a program logs)
        step: int | None = None,
    ) -> None:
        """Log a point; returns within microseconds and never fails."""
        if type(value) not in PLAIN:
            value = plain(value)
        self._items.append((name, kind, value, step, now()))
        if not self._woken.is_set():
            self._wake()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the server has every point logged before; tell whether it has."""
        if self._writer is None and not self._items:
            return True
        done = self._mark()
        if self._writer is None:
            return done.is_set()  # The interpreter ends and starts no threads any more.
        return done.wait(timeout)

    def close(self, timeout: float = _CLOSE_SECONDS) -> bool:
        """Send what is left and end the threads; tell whether the server has every point.

        Waits up to `timeout` while the server answers, and shortly when it is away. What is left
        then stays in the spool. A point that is logged later starts all over.
        """
        writer = self._writer
        if writer is None:
            return True
        writer.wait(self._mark(), timeout=timeout)
        with self._lock:
            if self._writer is not writer:
                return True
            self._writer = None
        complete = writer.end()
        self._rejected += writer.rejected
        atexit.unregister(self.close)
        # Cleared before the look: a point that comes later finds it so and wakes a new writer.
        self._woken.clear()
        if self._items:
            self._wake()
        return complete

    def after_fork(self) -> None:
        """Start anew in a child: what waits here belongs to the parent, which sends it."""
        writer, self._writer = self._writer, None
        self._lock = threading.RLock()
        self._items, self._woken = deque(), threading.Event()
        self._rejected = 0
        if writer is not None:
            writer.abandon()

    def _mark(self) -> threading.Event:
        done = threading.Event()
        self._items.append(done)
        self._wake()
        writer = self._writer
        if writer is not None:
            writer.hurry()
        return done

    def _wake(self) -> None:
        with self._lock:
            if self._writer is None:
                writer = Writer(self._send, self.folder, items=self._items, woken=self._woken)
                try:
                    writer.start()
                except RuntimeError:
                    # The interpreter ends and starts no more threads; nothing can be sent.
                    return
                self._writer = writer
                _close_at_exit(self)
            self._woken.set()


_senders: weakref.WeakSet[MetricSender] = weakref.WeakSet()


def _after_fork() -> None:
    for sender in list(_senders):
        sender.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _close_at_exit(sender: MetricSender) -> None:
    atexit.register(sender.close)
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and processes.parent_process() is not None:
        # Children of multiprocessing leave without the handlers of atexit.
        from multiprocessing.util import Finalize  # noqa: PLC0415 (loaded already there)

        Finalize(None, sender.close, exitpriority=100)
