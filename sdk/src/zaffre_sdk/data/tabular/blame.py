"""Where data is not what its definition says: file, line and column, for people."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.data.tabular.rows import csv_rows
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import Delimited

if TYPE_CHECKING:
    from zaffre_sdk.data.tabular.fields import Field

_LONGEST_SHOWN = 80
# What Python says of quotes; of all else that is wrong it says something else.
_OF_QUOTES = ("expected after", "unexpected end of data")
_OTHER_KINDS = {
    b"\x1f\x8b": "it is compressed with gzip.\nUnpack it, and upload what is in it",
    b"PK\x03\x04": "it is a zip archive or a workbook.\nUpload what is in it as text",
    b"PAR1": "it is Parquet.\nUse `from_parquet_files`",
    b"BZh": "it is compressed with bzip2.\nUnpack it, and upload what is in it",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstandard.\nUnpack it, and upload what is in it",
}


class _NotTextError(Exception):
    def __init__(self, line: int, column: int, shown: str) -> None:
        super().__init__(shown)
        self.line, self.column, self.shown = line, column, shown


def broken_row(file: SourceFile, reader: Delimited, *, width: int | None) -> DataError | None:
    """Return what is wrong with the first broken row of a delimited file; None without one.

    Args:
        file: In UTF-8.
        reader: How it is read.
        width: How many columns there are, where that is known.
    """
    with file.path.open("rb") as source:
        lines = _decoded(source, reader.separator)
        found = csv_rows(lines, reader.separator, strict=True)
        line = 1
        try:
            for row in islice(found, reader.skip_lines, None):
                if width is not None and len(row) > width:
                    return _too_wide(file, line, row, width)
                line = found.line_num + 1
        except _NotTextError as error:
            return _other_kind(file) or DataError(
                f"`{file.shown}`, line {error.line}, column {error.column}: `{error.shown}` is no "
                "text in UTF-8.\nGive the encoding that the file has, such as `latin1` or "
                "`windows1252`."
            )
        except csv.Error as error:
            return _unreadable(file, reader, line, error)
    return None


def _other_kind(file: SourceFile) -> DataError | None:
    """Return the error for a file that begins as those of a known kind do, which is no text."""
    with file.path.open("rb") as source:
        begin = source.read(max(map(len, _OTHER_KINDS)))
    for mark, words in _OTHER_KINDS.items():
        if begin.startswith(mark):
            return DataError(f"`{file.shown}` is no text: {words}.")
    return None


def line_of_record(file: SourceFile, reader: Delimited, number: int, *, skip: int) -> int:
    """Return the line on which the n-th record of a file begins, counted from 1."""
    with file.path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        for _ in islice(lines, skip):
            pass
        found = csv_rows(lines, reader.separator)
        before, seen = 0, 0
        for row in found:
            seen += bool(row)
            if seen == number:
                return skip + before + 1
            before = found.line_num
    return skip + number


def broken_json_line(file: SourceFile) -> DataError | None:
    """Return what is wrong with the first line of a file that is no JSON object."""
    with file.path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                value = msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"))
            except msgspec.DecodeError as error:
                return _no_json(file, number, line, str(error))
            if not isinstance(value, dict):
                return _no_json(file, number, line, "it is no object")
    return None


def misfit(place: str, field: Field, text: str) -> DataError:
    """Return the error for a cell that is no value of its column's type."""
    kind = {"integer": "whole number", "float": "number", "datetime": "date and time"}
    return DataError(
        f"{place}, column `{field.name}`: `{_short(text)}` is no "
        f"{kind.get(field.kind, field.kind)}.\nGive the column another type, or read it with "
        "`on_error='null'`."
    )


def _decoded(source: Iterator[bytes], separator: str) -> Iterator[str]:
    for number, line in enumerate(source, start=1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 (a mark, not text)
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            column = line[: error.start].count(separator.encode()) + 1
            shown = line[error.start : error.end].hex(" ")
            raise _NotTextError(number, column, shown) from error


def _too_wide(file: SourceFile, line: int, row: list[str], width: int) -> DataError:
    return DataError(
        f"`{file.shown}`, line {line}, column {width + 1}: the line has {len(row)} cells, and "
        f"there are {width} columns; the first that is too many is `{_short(row[width])}`.\n"
        "Put the text that has the separator in it in quotes, or give the right separator."
    )


def _unreadable(file: SourceFile, reader: Delimited, line: int, error: csv.Error) -> DataError:
    if not any(words in str(error) for words in _OF_QUOTES):
        return DataError(f"`{file.shown}`, line {line}: {error}.")
    column = _column_of_quote(file, reader, line)
    return DataError(
        f"`{file.shown}`, line {line}, column {column}: a quote does not end the cell "
        f"({error}).\nWrite a quote within a cell twice, and the cell in quotes."
    )


def _column_of_quote(file: SourceFile, reader: Delimited, line: int) -> int:
    """Return the column in which a line first has a quote where none belongs."""
    with file.path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        text = next(islice(lines, line - 1, None), "")
    for end in range(len(text)):
        if text[end] != '"':
            continue
        try:
            list(csv_rows([text[: end + 2]], reader.separator, strict=True))
        except csv.Error as error:
            if "expected after" in str(error):
                return _cells(text[: end + 1], reader)
    return _cells(text, reader)


def _cells(text: str, reader: Delimited) -> int:
    return len(next(csv_rows([text], reader.separator), [""]))


def _no_json(file: SourceFile, number: int, line: bytes, why: str) -> DataError:
    shown = _short(line.decode("utf-8", "replace").strip())
    return DataError(
        f"`{file.shown}`, line {number}: `{shown}` is no JSON object ({why}).\nMend the line, or "
        "leave such lines out with `invalid_lines='drop'`."
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
