"""The type that texts have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from zaffre_sdk.wire.datasets import ColumnType

_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE)
_BOOLEANS = frozenset({"true", "false", "t", "f", "yes", "no"})
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_ISO = "ISO 8601"
_ISO_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
)
_DATES = (
    (
        re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?"),
        _ISO,
    ),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}"), "%Y/%m/%d"),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d\d"), "%d-%b-%y"),
)
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}(?P<time> \d{1,2}:\d\d(?P<s>:\d\d)? [AaPp][Mm])?")
_MONTHS = 12
_SECONDS_END = len("2020-01-02T03:04:05")


class Guess(NamedTuple):
    """The type of a column.

    Attributes:
        wanted: The type.
        ambiguous: Whether day and month could be told apart.
    """

    wanted: ColumnType
    ambiguous: bool = False


def guess(texts: Sequence[str]) -> Guess:
    """Return the type of the cells of a column; empty ones say nothing of it."""
    known = [text.strip() for text in texts if text.strip()]
    if not known:
        return Guess(ColumnType("string"))
    if all(_INTEGER.fullmatch(text) for text in known):
        fits = all(_SMALLEST <= int(text) <= _LARGEST for text in known)
        return Guess(ColumnType("integer" if fits else "float"))
    if all(_FLOAT.fullmatch(text) for text in known):
        return Guess(ColumnType("float"))
    if all(text.lower() in _BOOLEANS for text in known):
        return Guess(ColumnType("boolean"))
    return _guess_datetime(known) or Guess(ColumnType("string"))


def _guess_datetime(texts: Sequence[str]) -> Guess | None:
    formats: set[str] = set()
    slashed: list[re.Match[str]] = []
    for text in texts:
        found = _SLASHES.fullmatch(text)
        if found is not None:
            slashed.append(found)
            continue
        one = _format_of(text)
        if one is None:
            return None
        formats.add(one)
    if not slashed:
        return Guess(ColumnType("datetime", formats=_formats(formats)))
    return _guess_slashed(slashed, formats)


def _format_of(text: str) -> str | None:
    for pattern, form in _DATES:
        if pattern.fullmatch(text):
            return form if _is_moment(text, form) else None
    return None


def _is_moment(text: str, form: str) -> bool:
    try:
        if form == _ISO:
            datetime.fromisoformat(text[:_SECONDS_END])
        else:
            datetime.strptime(text, form)  # noqa: DTZ007 (tables have times without zone)
    except ValueError:
        return False
    return True


def _guess_slashed(slashed: Sequence[re.Match[str]], others: set[str]) -> Guess | None:
    first = max(int(found[1]) for found in slashed)
    second = max(int(found[2]) for found in slashed)
    if min(first, second) > _MONTHS:
        return None  # Of some the day comes first, of some the month.
    day_first = first > _MONTHS
    form = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    formats = set(others)
    for found in slashed:
        clock = (" %I:%M:%S %p" if found["s"] else " %I:%M %p") if found["time"] else ""
        if not _is_moment(found[0], form + clock):
            return None
        formats.add(form + clock)
    ambiguous = not day_first and second <= _MONTHS
    return Guess(ColumnType("datetime", formats=_formats(formats)), ambiguous)


def _formats(found: set[str]) -> list[str]:
    """Return formats as a type holds them; ISO 8601 alone needs none."""
    if found == {_ISO}:
        return []
    iso = _ISO_FORMATS if _ISO in found else ()
    return [*sorted(found - {_ISO}), *iso]
