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
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (slow to load)

    waiting = list(things)
    if len(waiting) < 2:  # noqa: PLR2004 (threads are for several)
        return [work(thing) for thing in waiting]
    with ThreadPoolExecutor(min(_THREADS, len(waiting))) as pool:
        futures = [pool.submit(work, thing) for thing in waiting]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
