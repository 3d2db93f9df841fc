"""Artifacts in SQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.hot import HotInsert, HotSelect
from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.stores.doomed import doom
from zaffre.adapters.sql.stores.folders import behind, children, take
from zaffre.adapters.sql.tables import artifacts
from zaffre.domain.artifacts import Artifact, Child
from zaffre.domain.errors import missing
from zaffre.domain.files import FileEntry

_select = select(*columns_of(artifacts, Artifact)).where(
    artifacts.c.workspace_id == bindparam("workspace"), artifacts.c.run_id == bindparam("run")
)
_by_path = HotSelect(_select.where(artifacts.c.path == bindparam("path")))
_digest = HotSelect(
    select(artifacts.c.digest, artifacts.c.size).where(
        artifacts.c.workspace_id == bindparam("workspace"),
        artifacts.c.run_id == bindparam("run"),
        artifacts.c.path == bindparam("path"),
    )
)
_put = HotInsert(insert_or_replace(artifacts), artifacts)


class SqlArtifactStore:
    """Implements `ports.stores.ArtifactStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, workspace_id: str, artifact: Artifact) -> None:
        """Add it, or replace the one at its path."""
        this = {"workspace": workspace_id, "run": artifact.run_id, "path": artifact.path}
        replaced = _digest.one(self._connection, this)
        if replaced is not None and replaced[0] != artifact.digest:
            doom(self._connection, [FileEntry(artifact.path, *replaced)])
        values = values_of(artifacts, artifact) | {"workspace_id": workspace_id}
        _put.run(self._connection, values)

    def get(self, workspace_id: str, run_id: str, path: str) -> Artifact:
        """Return it."""
        this = {"workspace": workspace_id, "run": run_id, "path": path}
        found = _by_path.entity(Artifact, self._connection, this)
        if found is None:
            raise missing("artifact", path)
        return found

    def list(
        self, workspace_id: str, run_id: str, *, prefix: str, limit: int, after: str | None = None
    ) -> list[Artifact]:
        """Return those whose path begins with `prefix`, by path."""
        statement = _select.order_by(artifacts.c.path).limit(limit)
        if prefix:
            statement = statement.where(artifacts.c.path >= prefix)
        end = behind(prefix)
        if end:
            statement = statement.where(artifacts.c.path < end)
        if after is not None:
            statement = statement.where(artifacts.c.path > after)
        rows = self._connection.execute(statement, {"workspace": workspace_id, "run": run_id})
        return [entity_of(Artifact, row) for row in rows]

    def children(
        self, workspace_id: str, run_id: str, *, folder: str, limit: int, after: str | None = None
    ) -> Sequence[Child]:
        """Return what lies directly in a folder."""
        owner = {"workspace_id": workspace_id, "run_id": run_id}
        return children(
            self._connection, artifacts, owner, folder=folder, after=after, limit=limit
        )

    def remove(self, workspace_id: str, run_id: str, path: str | None, *, limit: int) -> int:
        """Remove the file at `path` and those below it, or all; return how many went."""
        owner = {"workspace_id": workspace_id, "run_id": run_id}
        gone = take(self._connection, artifacts, owner, path=path, limit=limit)
        doom(self._connection, gone)
        return len(gone)
