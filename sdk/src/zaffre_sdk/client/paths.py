"""Paths of requests."""

from __future__ import annotations

from urllib.parse import quote


def quoted(name: str) -> str:
    """Return one segment of a path, encoded once."""
    return quote(name, safe="")


def quoted_path(path: str) -> str:
    """Return a path of several segments, encoded once; its slashes stay."""
    return quote(path, safe="/")
