"""The rows of delimited text, as Python reads them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import _csv

LONGEST_CELL = 16 * 1024 * 1024
"""In bytes; whoever begins a quote and does not end it fills no memory."""


def csv_rows(lines: Iterable[str], separator: str, *, strict: bool = False) -> _csv.Reader:
    """Return what reads the rows of lines."""
    # Python has one bound for the whole process, and of itself a low one.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    return csv.reader(lines, delimiter=separator, strict=strict)
