"""Paths that come from elsewhere, and paths that are sent elsewhere."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

from zaffre_sdk.errors import UnsafePathError

_FORBIDDEN = frozenset("\\:\0")


def inside(folder: Path, path: str) -> Path:
    """Return where a relative path lies in a folder.

    Raises:
        UnsafePathError: It is absolute, climbs, means something else on another system, or goes
            through a link that leaves the folder.
    """
    if broken_rule(path) is not None:
        raise UnsafePathError(f"The path `{path}` {broken_rule(path)}; nothing was written.")
    target = folder.joinpath(*PurePosixPath(path).parts)
    root = folder.resolve()
    if not target.parent.resolve().is_relative_to(root):
        raise UnsafePathError(f"The path `{path}` leaves `{folder}` through a link.")
    return target


def broken_rule(path: str) -> str | None:
    """Return which rule of portable paths a path breaks, or None."""
    for segment in path.split("/"):
        if segment in {"", ".", ".."}:
            return "has a segment that is empty or climbs"
        if not _FORBIDDEN.isdisjoint(segment):
            return "has a backslash, a colon or a NUL"
        if any(character < " " or "\ud800" <= character <= "\udfff" for character in segment):
            return "has a character that is no text"
        if segment[-1] in {".", " "}:
            return "has a segment that ends with a dot or a space"
    return None


def portable(path: str) -> str:
    """Return a path as every system spells it: Unicode form NFC, forward slashes."""
    return unicodedata.normalize("NFC", path)
