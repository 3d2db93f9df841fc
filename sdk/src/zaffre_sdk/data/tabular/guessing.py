"""The type that texts have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from zaffre_sdk.wire.datasets import ColumnType

# Numbers are written with the digits of ASCII; others are text, for all readers.
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_FLOAT = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
# Of 0 and 1 alone a column is of integers.
_BOOLEANS = frozenset({"true", "false", "t", "f", "yes", "no", "0", "1"})
_LARGEST = 2**63 - 1
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
        re.compile(
            r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
        ),
        _ISO,
    ),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}", re.ASCII), "%Y/%m/%d"),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d\d:\d\d", re.ASCII), "%Y/%m/%d %H:%M:%S"),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d\d", re.ASCII), "%d-%b-%y"),
)
_DAY_OR_MONTH = re.compile(
    r"(?P<first>\d{1,2})(?P<sign>[/-])(?P<second>\d{1,2})(?P=sign)\d{4}"
    r"(?: \d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<half> [AaPp][Mm])?)?",
    re.ASCII,
)
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
        fits = all(_fits(text) for text in known)
        return Guess(ColumnType("integer" if fits else "float"))
    if all(_FLOAT.fullmatch(text) for text in known):
        return Guess(ColumnType("float"))
    if all(text.lower() in _BOOLEANS for text in known):
        return Guess(ColumnType("boolean"))
    return _guess_datetime(known) or Guess(ColumnType("string"))


def _fits(text: str) -> bool:
    digits = text.lstrip("+-0")
    if len(digits) > len(str(_LARGEST)):
        return False  # Python refuses to make numbers of very many digits.
    return int(digits or "0") <= _LARGEST + text.startswith("-")


def _guess_datetime(texts: Sequence[str]) -> Guess | None:
    formats: set[str] = set()
    slashed: list[re.Match[str]] = []
    for text in texts:
        found = _DAY_OR_MONTH.fullmatch(text)
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
    first = max(int(found["first"]) for found in slashed)
    second = max(int(found["second"]) for found in slashed)
    if min(first, second) > _MONTHS:
        return None  # Of some the day comes first, of some the month.
    day_first = first > _MONTHS
    formats = set(others)
    for found in slashed:
        form = _format_of_day(found, day_first=day_first)
        if not _is_moment(found[0], form):
            return None
        formats.add(form)
    ambiguous = not day_first and second <= _MONTHS
    return Guess(ColumnType("datetime", formats=_formats(formats)), ambiguous)


def _format_of_day(found: re.Match[str], *, day_first: bool) -> str:
    date = found["sign"].join(("%d", "%m", "%Y") if day_first else ("%m", "%d", "%Y"))
    if ":" not in found[0]:
        return date
    seconds = ":%S" if found["seconds"] else ""
    return f"{date} %I:%M{seconds} %p" if found["half"] else f"{date} %H:%M{seconds}"


def _formats(found: set[str]) -> list[str]:
    """Return formats as a type holds them; ISO 8601 alone needs none."""
    if found == {_ISO}:
        return []
    iso = _ISO_FORMATS if _ISO in found else ()
    return [*sorted(found - {_ISO}), *iso]
