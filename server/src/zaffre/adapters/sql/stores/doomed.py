"""Which bytes still have a name, in SQL."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, func, select, union

from zaffre.adapters.sql.rows import insert_new
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.tables import (
    artifacts,
    doomed_blobs,
    environment_files,
    kept_blobs,
    model_files,
    owned_files,
    snapshot_files,
    workspace_blobs,
    workspaces,
)

NAMING = (artifacts, owned_files, model_files, snapshot_files, environment_files)
"""Every table whose rows name bytes."""


class Lost(Protocol):
    """A row that is gone."""

    @property
    def digest(self) -> str:
        """What it named."""

    @property
    def size(self) -> int:
        """How many bytes these are."""


_digests: "BindParameter[list[str]]" = bindparam("digests", expanding=True)
_named = union(*(select(table.c.digest).where(table.c.digest.in_(_digests)) for table in NAMING))
_add = insert_new(doomed_blobs)
_page = (
    select(doomed_blobs.c.digest)
    .where(doomed_blobs.c.digest > bindparam("after"))
    .order_by(doomed_blobs.c.digest)
    .limit(bindparam("limit"))
)
_forget = delete(workspace_blobs).where(
    workspace_blobs.c.workspace_id.in_(select(workspaces.c.id)),
    workspace_blobs.c.digest.in_(_digests),
)
_let_go = delete(kept_blobs).where(kept_blobs.c.digest.in_(_digests))
_unnamed = select(func.coalesce(func.sum(doomed_blobs.c.size), 0)).where(
    *(~exists().where(table.c.digest == doomed_blobs.c.digest) for table in NAMING)
)
_settle = delete(doomed_blobs).where(doomed_blobs.c.digest.in_(_digests))


def doom(connection: Connection, lost: Iterable[Lost]) -> None:
    """Note bytes that lost a name."""
    rows = [{"digest": one.digest, "size": one.size} for one in lost]
    if rows:
        connection.execute(_add, rows)


def named(connection: Connection, digests: Sequence[str]) -> set[str]:
    """Return those that some row names."""
    return {
        digest
        for some in chunks(digests)
        for (digest,) in connection.execute(_named, {"digests": some})
    }


class SqlDoomedStore:
    """Implements `ports.removals.DoomedStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, digests: Iterable[tuple[str, int]]) -> None:
        """Note bytes that nothing may name any more, with their sizes."""
        rows = [{"digest": digest, "size": size} for digest, size in digests]
        if rows:
            self._connection.execute(_add, rows)

    def list(self, *, limit: int, after: str = "") -> list[str]:
        """Return digests in order, those behind `after`."""
        rows = self._connection.execute(_page, {"after": after, "limit": limit})
        return [digest for (digest,) in rows]

    def give_up(self, digests: Sequence[str]) -> Sequence[str]:
        """Return those that nothing names, which no workspace may name from now on either."""
        kept = named(self._connection, digests)
        gone = [digest for digest in digests if digest not in kept]
        for some in chunks(gone):
            self._connection.execute(_forget, {"digests": some})
            self._connection.execute(_let_go, {"digests": some})
        self.settle(sorted(kept))
        return gone

    def settle(self, digests: Sequence[str]) -> None:
        """Forget the notes: the bytes have a name, or are gone."""
        for some in chunks(digests):
            self._connection.execute(_settle, {"digests": some})

    def unnamed_bytes(self) -> int:
        """Return how many bytes are noted that nothing names."""
        return int(self._connection.execute(_unnamed).scalar_one())
