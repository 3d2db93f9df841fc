"""The patterns that choose files by their paths; the server chooses by them, too."""

from __future__ import annotations

from typing import NamedTuple

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

    A path is read once, name by name, with all places of the pattern in mind where the matching
    may be by then: nothing is taken back, whatever the pattern is.

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
        self._below = f"{self.base}/" if self.base else ""
        if text.endswith("/"):
            parts.append(_ANY)
        self.depth = None if self.is_plain or _ANY in parts else len(parts)
        # A folder has files below it: in the end it stands for at least the name of one.
        rest = [*parts[plain:], "*"] if parts[-1:] == [_ANY] else parts[plain:]
        self._places = _Places(rest)

    def matches(self, path: str) -> bool:
        """Tell whether it chooses the file of that path."""
        if self.is_plain and path == self.base:
            return True
        if not path.startswith(self._below):
            return False
        return self.is_plain or self._places.match(path[len(self._below) :].split("/"))


class _Places:
    """The places between the parts of a pattern, each a bit; the first is before all parts."""

    def __init__(self, parts: list[str]) -> None:
        self._any = 0
        self._plain: dict[str, int] = {}
        self._names: list[tuple[int, _Name]] = []
        place = 1
        for part, before in zip(parts, ["", *parts]):
            if part != _ANY:
                self._add(part, place)
            elif before == _ANY:
                continue  # It says nothing more.
            else:
                self._any |= place
            place <<= 1
        self._end = place

    def match(self, names: list[str]) -> bool:
        here = self._with_none(1)
        for name in names:
            passed = here & self._plain.get(name, 0)
            for places, wanted in self._names:
                if here & places and wanted.fits(name):
                    passed |= here & places
            here = self._with_none(passed << 1 | here & self._any)
            if not here:
                return False
        return bool(here & self._end)

    def _add(self, part: str, place: int) -> None:
        if "*" in part:
            self._names.append((place, _Name.of(part)))
        else:
            self._plain[part] = self._plain.get(part, 0) | place

    def _with_none(self, places: int) -> int:
        """Return the places, and those behind each `**`, which may stand for no folder."""
        return places | (places & self._any) << 1


class _Name(NamedTuple):
    """The texts around each `*` in the pattern of one name."""

    first: str
    between: list[str]
    last: str

    @staticmethod
    def of(part: str) -> _Name:
        first, *between, last = part.split("*")
        return _Name(first, [text for text in between if text], last)

    def fits(self, name: str) -> bool:
        place, end = len(self.first), len(name) - len(self.last)
        if place > end or not (name.startswith(self.first) and name.endswith(self.last)):
            return False
        for text in self.between:
            found = name.find(text, place, end)
            if found < 0:
                return False
            place = found + len(text)
        return True
