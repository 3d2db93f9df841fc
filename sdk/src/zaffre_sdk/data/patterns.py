"""The patterns that choose files by their paths, as the server understands them too."""

from __future__ import annotations

from collections.abc import Sequence

HIDDEN = ".zaffre-"
"""What begins so is the house's own: never listed, read or sent."""
_ANY = "**"


def is_hidden(path: str) -> bool:
    """Tell whether a part of the path is the house's own."""
    return HIDDEN in path and any(part.startswith(HIDDEN) for part in path.split("/"))


class Pattern:
    """Chooses files by their paths.

    `*` is anything within one name, `**` as a whole name any number of folders. A pattern without
    either means the file of that path, or all files below the folder of that path; so does one
    that ends with a slash.

    Attributes:
        base: The folder below which everything lies that matches, or the file; empty is the top.
        is_plain: It has neither `*` nor `**`.
        depth: How many names a path has that matches; None when there is no telling.
    """

    def __init__(self, text: str) -> None:
        parts = [part for part in text.split("/") if part not in {"", "."}]
        plain = next((i for i, part in enumerate(parts) if "*" in part), len(parts))
        self.is_plain = plain == len(parts)
        self.base = "/".join(parts[:plain])
        if text.endswith("/"):
            parts.append(_ANY)
        self.depth = None if self.is_plain or _ANY in parts else len(parts)
        # A folder has files below it: in the end it stands for at least the name of one.
        self._parts = [*parts, "*"] if parts[-1:] == [_ANY] else parts

    def matches(self, path: str) -> bool:
        """Tell whether it chooses the file of that path."""
        if self.is_plain:
            return not self.base or path == self.base or path.startswith(f"{self.base}/")
        return _matches_all(path.split("/"), self._parts)


def _matches_all(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Match names with parts; only the last `**` before a mismatch has to be taken back."""
    name = part = 0
    again, tried = -1, 0
    while name < len(names):
        if part < len(parts) and parts[part] == _ANY:
            again, tried = part, name
            part += 1
        elif part < len(parts) and _matches_one(names[name], parts[part]):
            name, part = name + 1, part + 1
        elif again >= 0:
            tried += 1
            name, part = tried, again + 1
        else:
            return False
    return part == len(parts)


def _matches_one(name: str, part: str) -> bool:
    first, *between = part.split("*")
    if not between:
        return name == part
    *between, last = between
    if len(name) < len(first) + len(last):
        return False
    if not (name.startswith(first) and name.endswith(last)):
        return False
    place, end = len(first), len(name) - len(last)
    for text in between:
        found = name.find(text, place, end)
        if found < 0:
            return False
        place = found + len(text)
    return True
