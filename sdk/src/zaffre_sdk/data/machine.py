"""Paths of the program's machine, outside of every datastore, as places have them."""

from __future__ import annotations

import os
import re
from pathlib import PurePath, PureWindowsPath

_SHARE = "UNC/"
_DRIVE = re.compile(r"[A-Za-z]:(?=/|$)")
_IS_WINDOWS = os.name == "nt"


def place_path(path: PurePath) -> str:
    r"""Return an absolute path as a place has it: with forward slashes, and none in front.

    Drives stand first, as in `C:/data`; what lies on `\\server\share` is below `UNC/server/share`.
    """
    text = path.as_posix()
    is_share = isinstance(path, PureWindowsPath) and text.startswith("//")
    return f"{_SHARE if is_share else ''}{text.lstrip('/')}"


def machine_path(place: str, *, is_windows: bool = _IS_WINDOWS) -> str:
    """Return the absolute path that a place has, with forward slashes."""
    if is_windows and place.startswith(_SHARE):
        return f"//{place[len(_SHARE) :]}"
    if is_windows and (drive := _DRIVE.match(place)):
        return place if len(place) > drive.end() else f"{place}/"  # Else it is where one stands.
    return f"/{place}"


def path_of(address: str, *, is_windows: bool = _IS_WINDOWS) -> str:
    """Return the path behind `file://`."""
    if is_windows and _DRIVE.match(address[1:]):
        return address[1:]
    return address
