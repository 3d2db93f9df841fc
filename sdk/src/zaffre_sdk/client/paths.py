"""Paths of requests."""

from __future__ import annotations

from urllib.parse import quote

from zaffre_sdk.errors import InvalidError

_NO_SEGMENTS = frozenset({"", ".", ".."})


def quoted(name: str) -> str:
    """Return one segment of a path, encoded once.

    Raises:
        InvalidError: The path would lead to another thing than the one of that name, such as to
            what holds it.
    """
    if name in _NO_SEGMENTS:
        raise InvalidError("InvalidName", f"`{name}` is no name.", status=400)
    return quote(name, safe="")


def quoted_path(path: str) -> str:
    """Return a path of several segments, encoded once; its slashes stay."""
    return quote(path, safe="/")
