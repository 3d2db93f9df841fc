"""Small bytes whose file may not be on the disk yet, in SQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from zaffre.adapters.sql.hot import HotInsert
from zaffre.adapters.sql.rows import insert_new
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.tables import kept_blobs

_add = HotInsert(insert_new(kept_blobs), kept_blobs)
_digests = select(kept_blobs.c.digest).order_by(kept_blobs.c.digest)
_page = (
    select(kept_blobs)
    .where(kept_blobs.c.digest > bindparam("after"))
    .order_by(kept_blobs.c.digest)
    .limit(bindparam("limit"))
)


class SqlKeptStore:
    """Implements `ports.kept.KeptStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, digest: str, data: bytes) -> None:
        """Hold bytes until their file is on the disk."""
        _add.run(self._connection, {"digest": digest, "data": data})

    def list(self, *, limit: int) -> list[str]:
        """Return digests of what is held."""
        return [digest for (digest,) in self._connection.execute(_digests.limit(limit))]

    def page(self, *, limit: int, after: str) -> Sequence[tuple[str, bytes]]:
        """Return what is held by digest, behind the digest `after`."""
        rows = self._connection.execute(_page, {"after": after, "limit": limit})
        return [(digest, data) for digest, data in rows]

    def remove(self, digests: Sequence[str]) -> None:
        """Let go of what is on the disk."""
        for some in chunks(digests):
            self._connection.execute(delete(kept_blobs).where(kept_blobs.c.digest.in_(some)))
