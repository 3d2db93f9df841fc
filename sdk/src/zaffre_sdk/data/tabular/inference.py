"""The types of columns, out of the first records of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from zaffre_sdk.data.tabular.delimited import first_records
from zaffre_sdk.data.tabular.gathering import gathered
from zaffre_sdk.data.tabular.guessing import Guess, guess
from zaffre_sdk.data.tabular.lead import Lead, lead_of
from zaffre_sdk.errors import DataError
from zaffre_sdk.wire.datasets import ColumnType, Definition, Delimited

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient
    from zaffre_sdk.data.tabular.preparing import SourceFile


@dataclass(frozen=True)
class Inferred:
    """What was found in the first records.

    Attributes:
        types: Of the columns, in their order.
        ambiguous: Columns of dates of which it cannot be told what is the day and what the
            month; they are taken as month and day.
    """

    types: dict[str, ColumnType] = field(default_factory=dict)
    ambiguous: list[str] = field(default_factory=list)


def infer(
    client: WorkspaceClient | None,
    definition: Definition,
    *,
    files: Sequence[SourceFile] | None = None,
) -> Inferred:
    """Return the types of the columns of a table, by its first 200 records.

    Columns out of paths are judged by all paths. JSON and Parquet say themselves what their
    values are: of them nothing is inferred but what is in paths.

    Args:
        client: The workspace; None where no place is in a datastore.
        definition: Places and reader.
        files: What the places stand for, where that is known.

    Raises:
        DataError: There are no records, or they cannot be read; names file, line and column.
    """
    with gathered(client, definition, files) as found:
        lead = lead_of(definition, found)
        guesses = _of_lead(lead)
        if isinstance(definition.reader, Delimited):
            for name, guessed in _of_records(found, definition.reader, lead):
                _add(guesses, name, guessed)
    return Inferred(
        types={name: one.wanted for name, one in guesses.items()},
        ambiguous=[name for name, one in guesses.items() if one.ambiguous],
    )


def _of_lead(lead: Lead) -> dict[str, Guess]:
    return {
        column.name: Guess(ColumnType("datetime")) if column.is_date else guess(column.texts)
        for column in lead.columns
        if column.of_format
    }


def _of_records(
    files: Sequence[SourceFile], reader: Delimited, lead: Lead
) -> list[tuple[str, Guess]]:
    names, rows = first_records(files, reader, before=len(lead.columns))
    if not rows:
        shown = ", ".join(f"`{file.shown}`" for file in files[:3])
        raise DataError(f"There are no records in {shown}: nothing follows the header.")
    columns = list(zip_longest(*rows, fillvalue=""))
    return [
        (name, guess(columns[index] if index < len(columns) else []))
        for index, name in enumerate(names)
    ]


def _add(guesses: dict[str, Guess], name: str, guessed: Guess) -> None:
    if name in guesses:
        raise DataError(
            f"The partition format makes a column `{name}`, and the files have one of that "
            "name.\nGive it another name in the partition format."
        )
    guesses[name] = guessed
