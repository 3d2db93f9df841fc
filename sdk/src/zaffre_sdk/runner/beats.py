"""Signs of life, and what the server asks in return."""

from __future__ import annotations

import contextlib
import threading

from zaffre_sdk.runner.link import Link, RefusedError, StoppedError
from zaffre_sdk.runner.order import Order
from zaffre_sdk.wire.runs import AttemptBeat, AttemptOrders


class Heart:
    """Beats in the background, from the start of an attempt to its end.

    Attributes:
        state: What it says: `Running`, then `Finalizing`.
        cancel: Set when the server asks to cancel; may be set by others, too.
    """

    def __init__(self, link: Link, order: Order, *, seconds: float) -> None:
        self.state = "Running"
        self.cancel = threading.Event()
        self._link = link
        self._order = order
        self._seconds = seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, name="heart", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; no beat is sent any more when it returns."""
        self._done.set()
        self._thread.join()

    def _keep_beating(self) -> None:
        with contextlib.suppress(StoppedError):
            while not self._done.wait(self._seconds):
                # One beat that the server does not like is no reason to fall silent.
                with contextlib.suppress(RefusedError):
                    self._beat()

    def _beat(self) -> None:
        beat = AttemptBeat(attempt=self._order.attempt, state=self.state)
        path = f"{self._order.run_path}/attempt/beat"
        if self._link.ask("POST", path, beat, answer=AttemptOrders).cancel:
            self.cancel.set()
