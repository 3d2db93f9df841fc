"""Waiting for an endpoint to answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

from zaffre_sdk.client.logs import LogPart
from zaffre_sdk.wire.endpoints import EndpointOut

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_GROWTH = 1.3


class EndpointReader(Protocol):
    """The part of the client that reads endpoints."""

    def get(self, name: str) -> EndpointOut:
        """Return an endpoint as it is now."""

    def logs(self, name: str, *, offset: int = 0, wait: float = 0.0) -> LogPart:
        """Return what the deployment wrote behind `offset`."""


def settled(
    endpoints: EndpointReader,
    name: str,
    *,
    seconds: float | None = None,
    tick: Callable[[], object] | None = None,
) -> EndpointOut:
    """Return the endpoint once its deployment is decided, or as it is after `seconds`.

    Args:
        endpoints: Where to look.
        name: The endpoint.
        seconds: How long to wait; None is without end.
        tick: Called after every look that found it undecided.
    """
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        found = endpoints.get(name)
        if found.state != "Transitioning" or time.monotonic() >= deadline:
            return found
        if tick is not None:
            tick()
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def read_log(endpoints: EndpointReader, name: str) -> str:
    """Return everything that the deployment wrote."""
    data = bytearray()
    while True:
        part = endpoints.logs(name, offset=len(data))
        data += part.data
        if not part.data or len(data) >= part.size:
            return data.decode("utf-8", "replace")
