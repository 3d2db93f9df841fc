"""Which reader a source needs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from zaffre.importing.errors import ImportingError
from zaffre.importing.places import path_of
from zaffre.importing.report import Report
from zaffre.importing.sources.database import DatabaseSource
from zaffre.importing.sources.files import FileSource
from zaffre.importing.sources.http import HttpSource
from zaffre.importing.sources.source import Source

_WEB: Final = ("http://", "https://")


def open_source(
    place: str, report: Report, *, environment: Mapping[str, str] | None = None
) -> Source:
    """Return a reader of the store at a place, which is written as a tracking URI.

    Raises:
        ImportingError: Nothing of MLflow is there.
    """
    variables = os.environ if environment is None else environment
    if place.startswith(_WEB):
        return HttpSource(place, report, environment=variables)
    path = path_of(place)
    if path is not None:
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise ImportingError(f"There is no folder `{folder}`.")
        return FileSource(folder, report)
    return DatabaseSource(place, report)
