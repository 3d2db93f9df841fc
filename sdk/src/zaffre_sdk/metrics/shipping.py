"""The thread that takes batches from the spool to the server, for as long as that takes."""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from zaffre_sdk.errors import SdkError
from zaffre_sdk.metrics.delivery import Delivery, Send, deliver
from zaffre_sdk.metrics.spool import Spool
from zaffre_sdk.notices import notice

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
# A connection that breaks now and then is nothing to tell, and a bad one is told rarely.
_WORTH_TELLING = 3
_QUIET_SECONDS = 300.0


class Shipper:
    """Sends batches in order, each until the server has it or refuses it for good.

    Attributes:
        away_since: When the server stopped answering, by the monotonic clock; None while it does.
        rejected: Points that the server refused for good.
    """

    def __init__(self, spool: Spool, send: Send) -> None:
        self.away_since: float | None = None
        self.rejected = 0
        self._spool = spool
        self._send = send
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._marks: deque[tuple[int, threading.Event]] = deque()
        self._pause = _FIRST_PAUSE
        self._failures = 0
        self._told = False
        self._quiet_until = 0.0

    def wake(self) -> None:
        """Say that there is something to send."""
        self._ready.set()

    def mark(self, done: threading.Event) -> None:
        """Set `done` once everything that is in the spool now is out of it."""
        self._marks.append((self._spool.appended, done))
        self._ready.set()

    def stop(self) -> None:
        """End after the batch that is on its way."""
        self._stopping.set()
        self._ready.set()

    def run(self) -> None:
        """Send until told to stop."""
        while not self._stopping.is_set():
            self._ready.clear()
            payload = self._spool.peek()
            self._settle()
            if payload is None:
                self._ready.wait()
            elif self._ship(payload):
                self._spool.advance()

    def _settle(self) -> None:
        while self._marks and self._marks[0][0] <= self._spool.advanced:
            self._marks.popleft()[1].set()

    def _ship(self, payload: bytes) -> bool:
        """Send one batch; tell whether it is done with, wait a while if it is not."""
        try:
            delivery = deliver(payload, self._send)
        except (SdkError, OSError) as error:
            self._go_away(str(error))
            return False
        except Exception as error:  # noqa: BLE001 (nothing of ours may end the user's metrics)
            self._refuse(payload, Delivery(0, 1, f"{type(error).__name__}: {error}"))
            return True
        self._come_back()
        if delivery.rejected:
            self._refuse(payload, delivery)
        return True

    def _go_away(self, reason: str) -> None:
        self._failures += 1
        if self.away_since is None:
            self.away_since = time.monotonic()
        if self._failures == _WORTH_TELLING and time.monotonic() >= self._quiet_until:
            self._told = True
            notice(
                f"metrics do not reach the server; they are kept in {self._spool.path.parent} and "
                f"sent when it is back ({reason})"
            )
        # Chance keeps programs that lost the same server from coming back all at once.
        self._stopping.wait(self._pause * (0.5 + os.urandom(1)[0] / 512))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _come_back(self) -> None:
        self._failures = 0
        self._pause = _FIRST_PAUSE
        self.away_since = None
        if self._told:
            self._told = False
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            notice("the server is back; the metrics that were kept are sent now")

    def _refuse(self, payload: bytes, delivery: Delivery) -> None:
        self._spool.reject(payload)
        if not self.rejected:
            notice(f"the server refused metrics for good: {delivery.reason}")
        self.rejected += delivery.rejected
