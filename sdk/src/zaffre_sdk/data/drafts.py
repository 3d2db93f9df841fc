"""Files that are fetched: beside their place until they are whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from zaffre_sdk.data.patterns import HIDDEN


@contextlib.contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """Give a free name beside `target`; what was written there takes its place in the end.

    Nothing is left of it when the block fails.
    """
    draft = target.with_name(f"{HIDDEN}{os.urandom(8).hex()}.part")
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
