"""Artifacts in SQL."""

import sys

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.rows import columns_of, entity_of, insert_or_replace, values_of
from zaffre.adapters.sql.tables import artifacts
from zaffre.domain.artifacts import Artifact
from zaffre.domain.errors import missing

_select = select(*columns_of(artifacts, Artifact)).where(
    artifacts.c.workspace_id == bindparam("workspace"), artifacts.c.run_id == bindparam("run")
)
_by_path = _select.where(artifacts.c.path == bindparam("path"))
_put = insert_or_replace(artifacts)


class SqlArtifactStore:
    """Implements `ports.stores.ArtifactStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, workspace_id: str, artifact: Artifact) -> None:
        """Add it, or replace the one at its path."""
        values = values_of(artifacts, artifact) | {"workspace_id": workspace_id}
        self._connection.execute(_put, values)

    def get(self, workspace_id: str, run_id: str, path: str) -> Artifact:
        """Return it."""
        this = {"workspace": workspace_id, "run": run_id, "path": path}
        row = self._connection.execute(_by_path, this).one_or_none()
        if row is None:
            raise missing("artifact", path)
        return entity_of(Artifact, row)

    def list(
        self, workspace_id: str, run_id: str, *, prefix: str, limit: int, after: str | None = None
    ) -> list[Artifact]:
        """Return those whose path begins with `prefix`, by path."""
        statement = _select.order_by(artifacts.c.path).limit(limit)
        if prefix:
            statement = statement.where(artifacts.c.path >= prefix)
        end = _behind(prefix)
        if end:
            statement = statement.where(artifacts.c.path < end)
        if after is not None:
            statement = statement.where(artifacts.c.path > after)
        rows = self._connection.execute(statement, {"workspace": workspace_id, "run": run_id})
        return [entity_of(Artifact, row) for row in rows]


def _behind(prefix: str) -> str:
    """Return the first text behind all that begin with `prefix`; empty when there is none."""
    kept = prefix.rstrip(chr(sys.maxunicode))
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    # Half characters are no text.
    return kept[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)  # noqa: PLR2004 - the surrogates of Unicode
