"""Where the files of a version come from: a run, a logged model, or a place of their own."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from zaffre.importing.entities import Version
from zaffre.importing.errors import OutOfReachError

_RUN: Final = re.compile(r"runs:/+([\w\-]+)/?(.*)")
_LOGGED: Final = re.compile(r"models:/+(m-[0-9a-f]{32})/?(.*)")
_IN_RUN: Final = re.compile(r"(?:^|/)([0-9a-f]{32})/artifacts(?:/(.*))?$")
_IN_LOGGED: Final = re.compile(r"(?:^|/)models/(m-[0-9a-f]{32})/artifacts(?:/(.*))?$")


def in_run(place: str) -> tuple[str, str] | None:
    """Return the run and the path that a place says, if it is in one."""
    found = _RUN.fullmatch(place) or _IN_RUN.search(place)
    return (found[1], found[2] or "") if found else None


def in_logged_model(place: str) -> tuple[str, str] | None:
    """Return the logged model and the path that a place says, if it is in one."""
    found = _LOGGED.fullmatch(place) or _IN_LOGGED.search(place)
    return (found[1], found[2] or "") if found else None


def folder_of_version(
    version: Version,
    *,
    run: Callable[[str], Path | None],
    model: Callable[[str], Path | None],
) -> Path | None:
    """Return the folder of a version in that of its run or logged model, wherever those are now.

    Raises:
        OutOfReachError: It is in none of those that there are, and in no folder of its own.
    """
    for place in (version.place, version.source):
        for split, find in ((in_logged_model, model), (in_run, run)):
            said = split(place)
            folder = find(said[0]) if said else None
            if said and folder is not None:
                path = folder / said[1]
                if path.resolve().is_relative_to(folder.resolve()) and path.exists():
                    return path
    if version.place.startswith(("runs:", "models:")):
        raise OutOfReachError(version.place, "the run or logged model of its files is not here")
    return None
