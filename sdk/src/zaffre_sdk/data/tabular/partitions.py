"""Columns that are made of parts of paths, such as `{region}/{day:yyyy-MM-dd}.csv`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Union

from zaffre_sdk.errors import DataError, SourceError

PartValue = Union[str, datetime]

_PARTS = re.compile(r"\{\{|\}\}|\{[^{}]*\}|\*|[{}]|[^{}*]+")
_DATE_PARTS = re.compile(r"yyyy|MM|dd|HH|mm|ss|.", re.DOTALL)
_DIGITS = {"yyyy": 4, "MM": 2, "dd": 2, "HH": 2, "mm": 2, "ss": 2}
_SIGNS = {"*": ".*?", "{{": r"\{", "}}": r"\}"}
_RESERVED = frozenset({"Path", "PortablePath"})


@dataclass(frozen=True)
class _Format:
    pattern: re.Pattern[str]
    texts: tuple[str, ...]
    date: str | None


def keys_of(text: str) -> list[str]:
    """Return the columns that a format makes: those of text in their order, then that of time.

    Raises:
        DataError: The format cannot be; says what is wrong in it.
    """
    form = _parse(text)
    return [*form.texts, *([form.date] if form.date is not None else [])]


def date_key_of(text: str) -> str | None:
    """Return the column of time that a format makes, if it makes one."""
    return _parse(text).date


def values_of(text: str, path: str) -> dict[str, PartValue]:
    """Return what a path says by column.

    Args:
        text: The format; it may begin anywhere in the path.
        path: Of the file.

    Raises:
        SourceError: The path has another form.
    """
    form = _parse(text)
    found = form.pattern.search(path)
    if found is None:
        raise SourceError(
            f"The path `{path}` does not have the form `{text}` of the partition format.\n"
            "Choose other files, or a format that all of them have."
        )
    values: dict[str, PartValue] = {
        key: found[f"t{index}"] for index, key in enumerate(form.texts)
    }
    if form.date is not None:
        values[form.date] = _moment(found, path, text)
    return values


def _moment(found: re.Match[str], path: str, text: str) -> datetime:
    parts = found.groupdict()
    month, day = int(parts.get("MM") or 1), int(parts.get("dd") or 1)
    hour, minute = int(parts.get("HH") or 0), int(parts.get("mm") or 0)
    try:
        return datetime(  # noqa: DTZ001 (tables have times without zone)
            int(parts["yyyy"]), month, day, hour, minute, int(parts.get("ss") or 0)
        )
    except ValueError as error:
        raise SourceError(
            f"The path `{path}` has no time that there is where `{text}` has one: {error}."
        ) from error


@lru_cache(maxsize=64)
def _parse(text: str) -> _Format:
    texts: list[str] = []
    dates: list[str] = []
    pattern = "".join(_piece(part, texts, dates) for part in _PARTS.findall(text))
    if not texts and not dates:
        raise DataError("There must be at least one {column_name}.")
    return _Format(re.compile(pattern), tuple(texts), dates[0] if dates else None)


def _piece(part: str, texts: list[str], dates: list[str]) -> str:
    if part in _SIGNS:
        return _SIGNS[part]
    if part in {"{", "}"}:
        raise DataError("Brackets must be in pairs and cannot be nested.")
    if not part.startswith("{"):
        return re.escape(part)
    name, colon, date = part[1:-1].partition(":")
    _check_name(name, part)
    if colon:
        return _date_piece(name, date, part, dates=dates)
    if name in texts:
        return f"(?P=t{texts.index(name)})"
    texts.append(name)
    return f"(?P<t{len(texts) - 1}>[^./\\\\]+)"


def _check_name(name: str, part: str) -> None:
    if not name.strip():
        raise DataError(f"Invalid part `{part}`: Column name is not specified.")
    if name in _RESERVED:
        raise DataError(
            f"Invalid part `{part}`: The specified column name is reserved. "
            "Please use a different name."
        )


def _date_piece(name: str, date: str, part: str, *, dates: list[str]) -> str:
    if not date:
        raise DataError(f"Invalid part `{part}`: Date format is not specified.")
    if dates:
        raise DataError(f"Invalid part `{part}`: There cannot be more than one date part.")
    if "yyyy" not in date:
        raise DataError(
            f"Invalid part `{part}`: Format 'yyyy' must be defined for datetime column."
        )
    dates.append(name)
    return "".join(_date_patterns(date))


def _date_patterns(date: str) -> Iterator[str]:
    seen: set[str] = set()
    for piece in _DATE_PARTS.findall(date):
        if piece not in _DIGITS:
            yield re.escape(piece)
        elif piece in seen:
            yield f"(?P={piece})"
        else:
            seen.add(piece)
            yield f"(?P<{piece}>\\d{{{_DIGITS[piece]}}})"
