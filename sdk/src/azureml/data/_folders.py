"""Folders of this machine that programs are left with."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def folder_for(given: str | None = None) -> Iterator[Path]:
    """Give a folder, or a new one, which goes again when what is done with it fails.

    Args:
        given: The folder; a new one without.
    """
    if given is not None:
        yield Path(given).absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="dataset-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
