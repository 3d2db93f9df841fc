"""The columns that stand before those of the files: `Path`, and what a partition format makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from zaffre_sdk.data.tabular.partitions import date_key_of, keys_of, values_of
from zaffre_sdk.data.tabular.preparing import SourceFile
from zaffre_sdk.wire.datasets import Definition

PATH_COLUMN = "Path"


@dataclass(frozen=True)
class LeadColumn:
    """A column with one value for all records of a file.

    Attributes:
        texts: Of each file.
        of_format: The partition format makes it.
        is_date: It is the one of time.
    """

    name: str
    texts: list[str]
    of_format: bool = True
    is_date: bool = False


@dataclass(frozen=True)
class Lead:
    """The columns that do not come out of the files."""

    columns: list[LeadColumn] = field(default_factory=list)


def lead_of(definition: Definition, files: Sequence[SourceFile]) -> Lead:
    """Return the columns that stand before those of the files.

    Raises:
        SourceError: The path of a file does not have the form of the partition format.
    """
    columns = []
    if definition.include_path:
        shown = [file.shown for file in files]
        columns.append(LeadColumn(PATH_COLUMN, shown, of_format=False))
    if definition.partition_format is not None:
        columns += _parts(definition.partition_format, files)
    return Lead(columns)


def _parts(text: str, files: Sequence[SourceFile]) -> list[LeadColumn]:
    values = [values_of(text, file.partition_path) for file in files]
    date = date_key_of(text)
    return [
        LeadColumn(key, [_text(one[key]) for one in values], is_date=key == date)
        for key in keys_of(text)
    ]


def _text(value: str | datetime) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value
