"""The same work for many things, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

_THREADS = 8


def parallel(work: Callable[[A], B], things: Iterable[A]) -> list[B]:
    """Return what `work` makes of each thing, in order.

    The first failure is raised once the work that had begun is done; the rest is not begun.
    """
    from concurrent.futures import (  # noqa: PLC0415 (slow to load)
        FIRST_EXCEPTION,
        ThreadPoolExecutor,
        wait,
    )

    waiting = list(things)
    if len(waiting) < 2:  # noqa: PLR2004 (threads are for several)
        return [work(thing) for thing in waiting]
    with ThreadPoolExecutor(min(_THREADS, len(waiting))) as pool:
        futures = [pool.submit(work, thing) for thing in waiting]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            for future in futures:
                future.cancel()
    # None is canceled unless one failed, and that one raises here.
    return [future.result() for future in futures if not future.cancelled()]
