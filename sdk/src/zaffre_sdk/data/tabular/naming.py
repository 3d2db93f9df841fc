"""The names of columns, out of header lines as people write them."""

from __future__ import annotations

from collections.abc import Sequence


def header_names(cells: Sequence[str], width: int, *, before: int = 0) -> list[str]:
    """Return a name for each column, no two alike.

    Args:
        cells: Of the header line; may be fewer than there are columns.
        width: How many columns there are.
        before: How many columns stand before the first of these.
    """
    names: list[str] = []
    taken: set[str] = set()
    for index in range(max(width, len(cells))):
        cell = cells[index].strip() if index < len(cells) else ""
        name = _free(cell or f"Column{before + index + 1}", taken)
        names.append(name)
        taken.add(name)
    return names


def numbered_names(width: int, *, before: int = 0) -> list[str]:
    """Return `Column1`, `Column2` … for columns without header."""
    return header_names([], width, before=before)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
