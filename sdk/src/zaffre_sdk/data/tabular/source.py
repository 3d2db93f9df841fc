"""What a reader gives the engine: a query whose columns are `r0`, `r1` … and `f`.

Names of columns as people write them never reach the engine, which does not tell capitals from
small letters and has words of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from zaffre_sdk.data.tabular.conversion import list_of, quoted
from zaffre_sdk.data.tabular.preparing import SourceFile

FILE = "f"
"""The column that tells the file of a record, counted from 1."""


@dataclass(frozen=True)
class RawColumn:
    """A column as it is in the files.

    Attributes:
        sql_type: As the engine calls it.
        is_text: Its values are texts that stand for others: they are given types.
        is_json: Its values are JSON, and become Python objects.
        zone: Of its times, where they have one.
    """

    name: str
    sql_type: str = "VARCHAR"
    is_text: bool = False
    is_json: bool = False
    zone: str = ""


@dataclass(frozen=True)
class Source:
    """A table as it is in the files.

    Attributes:
        columns: The n-th is `r<n>` in the query.
        sql: The query.
    """

    columns: list[RawColumn]
    sql: str


def literal_path(file: SourceFile) -> str:
    """Return a path in which no character stands for others."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(file.path.absolute()))


def file_number(
    files: Sequence[SourceFile], numbers: Sequence[int] = (), *, column: str = "filename"
) -> str:
    """Return the SQL of the number of a record's file.

    Args:
        files: The files.
        numbers: Of each; counted from 1 by default.
        column: Tells the path of the file.
    """
    numbers = numbers or range(1, len(files) + 1)
    if len(files) == 1:
        return str(numbers[0])
    paths = [str(file.path.absolute()) for file in files]
    if len(set(paths)) < len(paths):
        return f"{list(numbers)}[list_position({list_of(paths)}, {column})]"
    # The engine finds a word of an enumeration at once, and one of a list by looking at all.
    words = ", ".join(quoted(path) for path in paths)
    code = f"enum_code(try_cast({column} AS ENUM({words})))"
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"({code}::INTEGER + {numbers[0]})"
    return f"{list(numbers)}[{code}::INTEGER + 1]"
