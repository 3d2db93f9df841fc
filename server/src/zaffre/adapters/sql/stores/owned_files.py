"""Files of things that are not runs, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.stores.doomed import doom
from zaffre.adapters.sql.stores.folders import children, take
from zaffre.adapters.sql.tables import owned_files
from zaffre.domain.artifacts import Child, FileOwner, OwnedFile
from zaffre.domain.errors import missing

_by_path = select(*columns_of(owned_files, OwnedFile)).where(
    owned_files.c.workspace_id == bindparam("workspace_id"),
    owned_files.c.owner_kind == bindparam("owner_kind"),
    owned_files.c.owner_id == bindparam("owner_id"),
    owned_files.c.path == bindparam("path"),
)
_put = insert_or_replace(owned_files)


class SqlOwnedFileStore:
    """Implements `ports.stores.OwnedFileStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, owner: FileOwner, file: OwnedFile) -> None:
        """Add it, or replace the one at its path."""
        this = _this(owner)
        replaced = self._connection.execute(_by_path, this | {"path": file.path}).one_or_none()
        if replaced is not None and replaced.digest != file.digest:
            doom(self._connection, [replaced])
        self._connection.execute(_put, values_of(owned_files, file) | this)

    def get(self, owner: FileOwner, path: str) -> OwnedFile:
        """Return it."""
        row = self._connection.execute(_by_path, _this(owner) | {"path": path}).one_or_none()
        if row is None:
            raise missing("artifact", path)
        return entity_of(OwnedFile, row)

    def list(self, owner: FileOwner, *, limit: int, after: str | None = None) -> list[OwnedFile]:
        """Return all, by path, those behind the path `after`."""
        columns = columns_of(owned_files, OwnedFile)
        chosen = select(*columns).where(*(owned_files.c[n] == v for n, v in _this(owner).items()))
        if after is not None:
            chosen = chosen.where(owned_files.c.path > after)
        rows = self._connection.execute(chosen.order_by(owned_files.c.path).limit(limit))
        return [entity_of(OwnedFile, row) for row in rows]

    def children(
        self, owner: FileOwner, *, folder: str, limit: int, after: str | None = None
    ) -> Sequence[Child]:
        """Return what lies directly in a folder."""
        return children(
            self._connection, owned_files, _this(owner), folder=folder, after=after, limit=limit
        )

    def remove(self, owner: FileOwner, path: str | None, *, limit: int) -> int:
        """Remove the file at `path` and those below it, or all; return how many went."""
        gone = take(self._connection, owned_files, _this(owner), path=path, limit=limit)
        doom(self._connection, gone)
        return len(gone)


def _this(owner: FileOwner) -> dict[str, Any]:
    return {
        "workspace_id": owner.workspace_id,
        "owner_kind": owner.kind,
        "owner_id": owner.id,
    }
