"""Long work that is left alone when nobody wants its run any more."""

from __future__ import annotations

import threading
from typing import Callable, TypeVar

T = TypeVar("T")
_LOOK_SECONDS = 0.1


class UnwantedError(Exception):
    """The run is to end while something is done for it."""


def wanted(work: Callable[[], T], is_unwanted: Callable[[], bool]) -> T:
    """Return what `work` returns, or raise what it raises.

    It goes on in the background when the run is to end: a read that hangs cannot be broken off.

    Raises:
        UnwantedError: The run is to end.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def do() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 (raised below, in the thread that waits)
            errors.append(error)

    thread = threading.Thread(target=do, name="data", daemon=True)
    thread.start()
    while thread.is_alive():
        if is_unwanted():
            raise UnwantedError
        thread.join(_LOOK_SECONDS)
    if errors:
        raise errors[0]
    return results[0]
