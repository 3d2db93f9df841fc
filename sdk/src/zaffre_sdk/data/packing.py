"""Small files in packs: what a request takes beside its bytes is shared by many of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from zaffre_sdk.data.contract import Send
from zaffre_sdk.errors import ChangedWhileReadingError, SourceError

A = TypeVar("A")

SMALL_BYTES = 128 * 1024
_MOST_FILES = 128
_MOST_BYTES = 4 * 1024 * 1024


def packs_of(things: Sequence[A], size_of: Callable[[A], int | None]) -> list[list[A]]:
    """Return things in groups that go together; what is not small, or unknown, goes alone."""
    packs: list[list[A]] = []
    open_pack: list[A] = []
    held = 0
    for thing in things:
        size = size_of(thing)
        if size is None or size > SMALL_BYTES:
            packs.append([thing])
            continue
        if len(open_pack) == _MOST_FILES or held + size > _MOST_BYTES:
            packs.append(open_pack)
            open_pack, held = [], 0
        open_pack.append(thing)
        held += size
    return [*packs, open_pack] if open_pack else packs


def size_of_source(sent: Send) -> int | None:
    """Return how large a local file is; None where that cannot be told."""
    try:
        return os.stat(sent.source).st_size  # noqa: PTH116 (thousands of them: no objects for each)
    except OSError:
        return None  # What is wrong is said where it is read.


def read_whole(sent: Send) -> bytes:
    """Return all of a small local file.

    Raises:
        ChangedWhileReadingError: It was written to meanwhile.
        SourceError: It cannot be read.
    """
    try:
        with sent.source.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read(SMALL_BYTES + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise SourceError(f"`{sent.source}` cannot be read: {error.strerror}.") from error
    if len(data) != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
        raise ChangedWhileReadingError(
            f"`{sent.source}` changed while reading. Send it again when nothing writes to it."
        )
    return data
