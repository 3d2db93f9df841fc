"""Snapshots and the blobs that a workspace may name, in SQL."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.hot import HotInsert
from zaffre.adapters.sql.rows import insert_new, values_of
from zaffre.adapters.sql.stores.files import add_files, chunks, files_of
from zaffre.adapters.sql.tables import snapshot_files, snapshots, workspace_blobs
from zaffre.domain.errors import missing
from zaffre.domain.snapshots import Snapshot

_insert = insert_new(snapshots).returning(snapshots.c.key)
_by_id = select(snapshots.c.key, snapshots.c.created_at).where(
    snapshots.c.workspace_id == bindparam("workspace"), snapshots.c.id == bindparam("id")
)
_insert_blob = HotInsert(insert_new(workspace_blobs), workspace_blobs)
_known = select(workspace_blobs.c.digest, workspace_blobs.c.size).where(
    workspace_blobs.c.workspace_id == bindparam("workspace"),
    workspace_blobs.c.digest.in_(bindparam("digests", expanding=True)),
)


class SqlSnapshotStore:
    """Implements `ports.stores.SnapshotStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, snapshot: Snapshot) -> None:
        """Add it; adding an equal one again changes nothing."""
        inserted = self._connection.execute(_insert, values_of(snapshots, snapshot))
        key = inserted.scalar_one_or_none()
        if key is not None:
            add_files(self._connection, snapshot_files, key, snapshot.files)

    def get(self, workspace_id: str, snapshot_id: str) -> Snapshot:
        """Return it."""
        this = {"workspace": workspace_id, "id": snapshot_id}
        row = self._connection.execute(_by_id, this).one_or_none()
        if row is None:
            raise missing("snapshot", snapshot_id)
        key, created_at = row
        files = files_of(self._connection, snapshot_files, [key])[key]
        return Snapshot(
            id=snapshot_id, workspace_id=workspace_id, files=files, created_at=created_at
        )

    def add_blob(self, workspace_id: str, digest: str, size: int) -> None:
        """Note that the workspace has sent these bytes, so that it may name them."""
        blob = {"workspace_id": workspace_id, "digest": digest, "size": size}
        _insert_blob.run(self._connection, blob)

    def known_blobs(self, workspace_id: str, digests: Iterable[str]) -> dict[str, int]:
        """Return those of the digests that the workspace may name, with their sizes."""
        known: dict[str, int] = {}
        for some in chunks(sorted(set(digests))):
            rows = self._connection.execute(_known, {"workspace": workspace_id, "digests": some})
            known.update((digest, size) for digest, size in rows)
        return known
