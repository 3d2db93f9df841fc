"""Fetching event files again and again, until their runs have ended."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from azureml.exceptions import AzureMLException
from azureml.tensorboard._events import RunEvents
from zaffre_sdk.errors import SdkError
from zaffre_sdk.notices import notice

_PACE_SECONDS = 2.0


class Follower:
    """A thread that keeps the event files of runs up to date."""

    def __init__(self, events: Sequence[RunEvents]) -> None:
        self._open = list(events)
        self._stopped = threading.Event()
        self._warned = False
        self._thread = threading.Thread(target=self._follow, name="tensorboard", daemon=True)

    def start(self) -> None:
        """Fetch what there is, then go on in the background."""
        self._bring()
        if self._open:
            self._thread.start()

    def stop(self) -> None:
        """Fetch nothing any more, and wait until nothing is being written."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        while self._open and not self._stopped.wait(_PACE_SECONDS):
            self._bring()

    def _bring(self) -> None:
        self._open = [one for one in self._open if self._stopped.is_set() or self._may_grow(one)]

    def _may_grow(self, one: RunEvents) -> bool:
        try:
            return one.bring()
        except (AzureMLException, SdkError, OSError) as error:
            # The server may be away for a while; what was fetched before is still shown.
            if not self._warned:
                self._warned = True
                notice(f"logs for TensorBoard could not be fetched; trying again. {error}")
            return True
