"""Sets of files, which snapshots and models are made of."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select

from zaffre.domain.files import FileEntry

AT_ONCE = 500
"""How many values one statement compares with; databases limit its parameters."""


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield the values in pieces that one statement can take."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def add_files(
    connection: Connection, table: Table, owner: int, files: Iterable[FileEntry]
) -> None:
    """Write the files of an owner."""
    rows = [
        {
            "owner_key": owner,
            "path": file.path,
            "digest": file.digest,
            "size": file.size,
            "executable": file.executable,
        }
        for file in files
    ]
    if rows:
        connection.execute(insert(table), rows)


def files_of(
    connection: Connection, table: Table, owners: Sequence[int]
) -> dict[int, tuple[FileEntry, ...]]:
    """Return the files of the owners, each set by path."""
    found: dict[int, list[FileEntry]] = {owner: [] for owner in owners}
    statement = (
        select(table)
        .where(table.c.owner_key.in_(bindparam("owners", expanding=True)))
        .order_by(table.c.owner_key, table.c.path)
    )
    for some in chunks(owners):
        for owner, *file in connection.execute(statement, {"owners": some}):
            found[owner].append(FileEntry(*file))
    return {owner: tuple(files) for owner, files in found.items()}
