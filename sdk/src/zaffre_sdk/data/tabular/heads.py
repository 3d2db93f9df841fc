"""The first lines of delimited files: header, width and the rows that types are inferred from."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.data.tabular.rows import csv_rows
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import Delimited

ROWS_LOOKED_AT = 200


@dataclass(frozen=True)
class Head:
    """The beginning of a delimited file.

    Attributes:
        cells: Of the header line; none without.
        skip: How many lines lie before the first record.
        rows: The first records.
    """

    cells: list[str] = field(default_factory=list)
    skip: int = 0
    rows: list[list[str]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many columns there are in what was looked at."""
        return max((len(row) for row in [self.cells, *self.rows]), default=0)


def read_head(
    file: SourceFile, reader: Delimited, *, has_header: bool, rows: int = ROWS_LOOKED_AT
) -> Head | None:
    """Return the beginning of a file; None when there is nothing in it.

    Raises:
        DataError: It cannot be read; names file, line and column.
    """
    with file.path.open(encoding="utf-8-sig", newline="") as lines:
        for _ in islice(lines, reader.skip_lines):
            pass
        found = csv_rows(lines, reader.separator)
        try:
            records = _records(found)
            cells = next(records, None) if has_header else []
            if cells is None:
                return None
            skip = reader.skip_lines + (found.line_num if has_header else 0)
            first = list(islice(records, rows))
        except (csv.Error, UnicodeDecodeError) as error:
            raise _unreadable(file, reader, found.line_num, error) from error
    if not has_header and not first:
        return None
    return Head(cells, skip, first)


def _records(found: Iterator[list[str]]) -> Iterator[list[str]]:
    return (row for row in found if row)


def _unreadable(file: SourceFile, reader: Delimited, line: int, error: Exception) -> DataError:
    from zaffre_sdk.data.tabular.blame import broken_row  # noqa: PLC0415 (only when it fails)

    named = broken_row(file, reader, width=None)
    return named or DataError(f"`{file.shown}`, line {line + 1}: {error}.")
