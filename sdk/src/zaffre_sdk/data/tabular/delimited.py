"""Delimited text: which columns the files have, and the query that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from zaffre_sdk.data.tabular.conversion import list_of, quoted
from zaffre_sdk.data.tabular.heads import ROWS_LOOKED_AT, Head, read_head
from zaffre_sdk.data.tabular.naming import header_names
from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.data.tabular.rows import LONGEST_CELL
from zaffre_sdk.data.tabular.source import (
    FILE,
    RawColumn,
    Source,
    file_number,
    literal_path,
)
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import Delimited


@dataclass(frozen=True)
class Layout:
    """How one file lies against the columns of the table.

    Attributes:
        skip: How many lines lie before its first record.
        positions: Which column of the table each cell belongs to.
    """

    file: SourceFile
    skip: int
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Layouts:
    """The columns of a table of delimited files, and how each file lies against them."""

    names: list[str]
    files: list[Layout]
    first: Head


def layouts_of(files: Sequence[SourceFile], reader: Delimited, *, before: int = 0) -> Layouts:
    """Look at the beginning of each file.

    Args:
        files: The files; those with nothing in them are left out.
        reader: How they are read.
        before: How many columns stand before those of the files.

    Raises:
        DataError: There is nothing in any of them, or one cannot be read.
    """
    heads = list(_heads(files, reader))
    if not heads:
        shown = ", ".join(f"`{file.shown}`" for file in files[:3])
        raise DataError(f"There are no records in {shown}: there is nothing in the files.")
    if reader.header == "all_files_different":
        return _by_name(heads, before)
    width = max(head.width for _, head in heads)
    names = header_names(heads[0][1].cells, width, before=before)
    positions = tuple(range(len(names)))
    return Layouts(
        names, [Layout(file, head.skip, positions) for file, head in heads], heads[0][1]
    )


def first_records(
    files: Sequence[SourceFile], reader: Delimited, *, before: int = 0
) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns, and the first records of a file for each of them."""
    found = layouts_of(files, reader, before=before)
    width = len(found.names)
    rows = list(found.first.rows)
    known: set[int] = set(found.files[0].positions) if rows else set()
    has_header = reader.header in {"all_files_same", "all_files_different"}
    for layout in found.files[1:]:
        if known.issuperset(layout.positions):
            continue
        head = read_head(layout.file, reader, has_header=has_header)
        if head is not None and head.rows:
            rows += [_placed(row, layout.positions, width) for row in head.rows]
            known.update(layout.positions)
    return found.names, rows


def delimited(files: Sequence[SourceFile], reader: Delimited, *, before: int = 0) -> Source:
    """Return what reads delimited files as texts."""
    found = layouts_of(files, reader, before=before)
    count = len(found.names)
    numbers = {file: number for number, file in enumerate(files, start=1)}
    queries = []
    for _, alike in groupby(found.files, key=lambda one: (one.skip, one.positions)):
        group = list(alike)
        known = [numbers[one.file] for one in group]
        queries.append(_query(group, known, reader, count=count))
    columns = [RawColumn(name, is_text=True) for name in found.names]
    return Source(columns, " UNION ALL ".join(queries))


def _heads(files: Sequence[SourceFile], reader: Delimited) -> Iterator[tuple[SourceFile, Head]]:
    rows, is_first = ROWS_LOOKED_AT, True
    for file in files:
        has_header = reader.header in {"all_files_same", "all_files_different"} or (
            is_first and reader.header == "only_first_file"
        )
        head = read_head(file, reader, has_header=has_header, rows=rows)
        if head is not None:
            yield file, head
            rows, is_first = 1, False


def _by_name(heads: Sequence[tuple[SourceFile, Head]], before: int) -> Layouts:
    places: dict[str, int] = {}
    files = []
    for file, head in heads:
        names = header_names(head.cells, head.width, before=before)
        positions = tuple(places.setdefault(name, len(places)) for name in names)
        files.append(Layout(file, head.skip, positions))
    return Layouts(list(places), files, heads[0][1])


def _placed(row: Sequence[str], positions: Sequence[int], width: int) -> list[str]:
    cells = [""] * width
    for position, cell in zip(positions, row):
        cells[position] = cell
    return cells


def _query(
    group: Sequence[Layout], numbers: Sequence[int], reader: Delimited, *, count: int
) -> str:
    width = len(group[0].positions)
    cells = ", ".join(f"'x{index}': 'VARCHAR'" for index in range(width))
    places = {position: f"x{index}" for index, position in enumerate(group[0].positions)}
    columns = [f"{_cell(places.get(index), reader)} AS r{index}" for index in range(count)]
    number = file_number([one.file for one in group], numbers)
    # A line with nothing in it is no record; where there are several columns the engine knows.
    where = " WHERE x0 IS NOT NULL" if width == 1 else ""
    return (
        f"SELECT {', '.join(columns)}, {number} AS {FILE} FROM read_csv("
        f"{list_of([literal_path(one.file) for one in group])}, auto_detect=false, header=false, "
        f"skip={group[0].skip}, columns={{{cells}}}, delim={quoted(reader.separator)}, "
        "quote='\"', escape='\"', null_padding=true, filename=true, hive_partitioning=false, "
        f"max_line_size={LONGEST_CELL}, buffer_size={2 * LONGEST_CELL}, "
        f"compression='none', parallel={'false' if reader.multi_line else 'true'}){where}"
    )


def _cell(name: str | None, reader: Delimited) -> str:
    if name is None:
        return "NULL::VARCHAR"
    return f"coalesce({name}, '')" if reader.empty_as_text else name
