"""Reading tables of files as trees of folders, and taking pieces out of them."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, select

from zaffre.adapters.sql.hot import HotSelect
from zaffre.domain.artifacts import Child

_AT_ONCE = 256
# The character behind the slash: with it begins what comes after everything in a folder.
_BEHIND_SLASH = "0"

Owner = Mapping[str, Any]
"""The values of the columns that stand in front of the path in the primary key."""


class Taken(NamedTuple):
    """Rows that are gone: the bytes that they named."""

    digest: str
    size: int


def children(
    connection: Connection,
    table: Table,
    owner: Owner,
    *,
    folder: str,
    after: str | None,
    limit: int,
) -> list[Child]:
    """Return what lies directly in a folder, by path, behind the path `after`.

    A folder in it is seen by its first file, and everything else in it is stepped over in the
    index, so that the time taken goes with what is listed and not with what lies below.
    """
    prefix = f"{folder}/" if folder else ""
    found: list[Child] = []
    place = prefix if after is None else _end_of(prefix, after)
    while len(found) < limit:
        page = _page(connection, table, owner, begin=place, end=behind(prefix))
        for path, size in page:
            if path < place or len(found) == limit:
                continue
            name, slash, _ = path[len(prefix) :].partition("/")
            found.append(Child(name, bool(slash), None if slash else size))
            place = f"{prefix}{name}{_BEHIND_SLASH}" if slash else f"{path}\0"
        if len(page) < _AT_ONCE:
            break
    return found


def take(
    connection: Connection, table: Table, owner: Owner, *, path: str | None, limit: int
) -> list[Taken]:
    """Remove the file at `path` and those below it, or all; at most `limit` of them."""
    chosen = select(table.c.path).where(*_of(table, owner))
    if path is not None:
        below = (table.c.path >= f"{path}/") & (table.c.path < f"{path}{_BEHIND_SLASH}")
        chosen = chosen.where((table.c.path == path) | below)
    gone = (
        delete(table)
        .where(*_of(table, owner), table.c.path.in_(chosen.limit(limit)))
        .returning(table.c.digest, table.c.size)
    )
    return [Taken(*row) for row in connection.execute(gone)]


def behind(prefix: str) -> str:
    """Return the first text behind all that begin with `prefix`; empty when there is none."""
    kept = prefix.rstrip(chr(sys.maxunicode))
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    # Half characters are no text.
    return kept[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)  # noqa: PLR2004 - the surrogates of Unicode


def _end_of(prefix: str, after: str) -> str:
    """Return where to go on behind a child, given as its name, with a slash for a folder."""
    if after.endswith("/"):
        return f"{prefix}{after[:-1]}{_BEHIND_SLASH}"
    return f"{prefix}{after}\0"


def _page(
    connection: Connection, table: Table, owner: Owner, *, begin: str, end: str
) -> Sequence[Any]:
    statement = _page_statement(table, tuple(owner), has_end=bool(end))
    values = {**owner, "begin": begin, "end": end, "most": _AT_ONCE, "skipped": 0}
    return statement.all(connection, values)


@cache
def _page_statement(table: Table, owner: tuple[str, ...], *, has_end: bool) -> HotSelect:
    statement = (
        select(table.c.path, table.c.size)
        .where(
            *(table.c[name] == bindparam(name) for name in owner),
            table.c.path >= bindparam("begin"),
        )
        .order_by(table.c.path)
        .limit(bindparam("most"))
        .offset(bindparam("skipped"))  # SQLAlchemy adds one that has no name
    )
    if has_end:
        statement = statement.where(table.c.path < bindparam("end"))
    return HotSelect(statement)


def _of(table: Table, owner: Owner) -> Iterator["ColumnElement[bool]"]:
    for name, value in owner.items():
        yield table.c[name] == value
