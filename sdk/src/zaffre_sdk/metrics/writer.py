"""One writer: a thread that brings points to disk, and a shipper that brings them on."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import Union

from zaffre_sdk.metrics.batches import encode_batches
from zaffre_sdk.metrics.delivery import Send
from zaffre_sdk.metrics.shipping import Shipper
from zaffre_sdk.metrics.spool import Spool
from zaffre_sdk.metrics.values import LoggedPoint
from zaffre_sdk.notices import notice

Item = Union[LoggedPoint, threading.Event]

_GATHER_SECONDS = 0.1
# A server that is away may stay away: an ending program waits for it only so long, since what is
# spooled is not lost.
_AWAY_SECONDS = 3.0
_JOIN_SECONDS = 2.0
_POLL_SECONDS = 0.02
# Points that are written before a sync: a bound on memory, far beyond what disks delay.
_ROUND_POINTS = 50_000
# Ten come in a second, and a server may be away for days.
_MOST_ROUNDS = 1000


def points_in(items: deque[Item]) -> int:
    """Return how many of the items are points."""
    return sum(not isinstance(item, threading.Event) for item in list(items))


class Writer:
    """Takes points out of a deque in which a program puts them.

    An event in the deque is a mark: it is set once the server has every point before it.
    """

    def __init__(
        self, send: Send, folder: Path, *, items: deque[Item], woken: threading.Event
    ) -> None:
        self._items = items
        self._woken = woken
        self._hurried = threading.Event()
        self._ending = threading.Event()
        self._id = os.urandom(16).hex()
        self._sequence = 1
        self._lost = 0
        # How many points there were when so many batches had been spooled, round by round.
        self._rounds: deque[tuple[int, int]] = deque()
        self._spooled = self._arrived = 0
        self._troubled = False
        self._spool = Spool(folder, self._id)
        self._shipper = Shipper(self._spool, send)
        self._threads = [
            threading.Thread(target=self._run, name="zaffre-spool", daemon=True),
            threading.Thread(target=self._shipper.run, name="zaffre-send", daemon=True),
        ]

    @property
    def rejected(self) -> int:
        """How many points the server refused for good."""
        return self._shipper.rejected

    @property
    def waiting(self) -> int:
        """How many points the server does not have; those of a round until it has all of it."""
        sent = self._spool.advanced
        arrived = [points for batches, points in list(self._rounds) if batches <= sent]
        return points_in(self._items) + self._spooled - max(arrived, default=self._arrived)

    @property
    def away_since(self) -> float | None:
        """When the server stopped answering, by the monotonic clock; None while it does."""
        return self._shipper.away_since

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def hurry(self) -> None:
        """Gather no longer: somebody waits."""
        self._hurried.set()

    def wait(self, done: threading.Event, *, timeout: float) -> bool:
        """Wait for a mark, shortly when the server is away; tell whether it was set."""
        started = time.monotonic()
        while not done.wait(_POLL_SECONDS):
            present = time.monotonic()
            away = self._shipper.away_since
            if present - started > timeout:
                return False
            if away is not None and present - max(started, away) > _AWAY_SECONDS:
                return False
        return True

    def end(self) -> bool:
        """End the threads and close the spool; tell whether the server has every point."""
        self._ending.set()
        self._woken.set()
        self.hurry()
        self._threads[0].join(_JOIN_SECONDS)
        self._shipper.stop()
        self._threads[1].join(_JOIN_SECONDS)
        on_disk = self._spool.is_on_disk
        if any(thread.is_alive() for thread in self._threads):
            # In the middle of a request or a sync: its files stay open until the process ends.
            complete = False
        else:
            complete = self._spool.close()
        if not complete and on_disk:
            notice(f"the server does not have all metrics yet; they wait in {self._spool.path}")
        elif not complete:
            notice("metrics are lost: the server does not have them, and the disk refused them")
        return complete and not self._spool.lost

    def abandon(self) -> None:
        """Leave everything to the parent of a fork."""
        self._spool.abandon()

    def _run(self) -> None:
        # Here and not where the program logs: a slow disk is no concern of the program.
        self._spool.open()
        while not self._ending.is_set():
            self._woken.wait()
            self._hurried.wait(_GATHER_SECONDS)
            self._hurried.clear()
            # Cleared before the points are taken: one that comes later sets it again.
            self._woken.clear()
            while self._items:
                self._bring()

    def _bring(self) -> None:
        """Bring points to disk, as many as one sync is to cover."""
        points, marks = self._taken()
        if points:
            payloads = encode_batches(self._id, self._sequence, points)
            self._sequence += len(payloads)
            self._spool.append(payloads)
            self._note(len(points))
        for mark in marks:
            self._shipper.mark(mark)
        self._shipper.wake()
        self._tell()

    def _note(self, points: int) -> None:
        self._spooled += points
        while self._rounds and self._rounds[0][0] <= self._spool.advanced:
            self._arrived = self._rounds.popleft()[1]
        if len(self._rounds) >= _MOST_ROUNDS:
            # Twice as coarse, and the last one of them stays.
            self._rounds = deque(list(self._rounds)[1::2])
        self._rounds.append((self._spool.appended, self._spooled))

    def _taken(self) -> tuple[list[LoggedPoint], list[threading.Event]]:
        points: list[LoggedPoint] = []
        while self._items and len(points) < _ROUND_POINTS:
            item = self._items.popleft()
            if isinstance(item, threading.Event):
                # What comes behind a mark must not delay it.
                return points, [item]
            points.append(item)
        return points, []

    def _tell(self) -> None:
        if self._spool.trouble is not None and not self._troubled:
            self._troubled = True
            notice(f"metrics cannot be kept on disk, only in memory: {self._spool.trouble}")
        if self._spool.lost > self._lost:
            if not self._lost:
                notice("metrics are lost: the disk spoiled them, or nothing had room for them")
            self._lost = self._spool.lost
