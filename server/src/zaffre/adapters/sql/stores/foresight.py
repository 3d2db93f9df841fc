"""What the removal of runs would remove, in SQL."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select, union_all

from zaffre.adapters.sql.stores.doomed import NAMING
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.tables import artifacts, metric_series, runs
from zaffre.domain.removals import Removed

_ids: "BindParameter[list[str]]" = bindparam("runs", expanding=True)
_digests: "BindParameter[list[str]]" = bindparam("digests", expanding=True)
_own = (artifacts.c.workspace_id == bindparam("workspace"), artifacts.c.run_id.in_(_ids))
_files = select(artifacts.c.digest, artifacts.c.size).where(*_own)
_points = (
    select(func.coalesce(func.sum(metric_series.c["count"]), 0))
    .join(runs, runs.c.key == metric_series.c.run_key)
    .where(runs.c.workspace_id == bindparam("workspace"), runs.c.id.in_(_ids))
)
_by_runs = select(artifacts.c.digest, artifacts.c.workspace_id, artifacts.c.run_id).where(
    artifacts.c.digest.in_(_digests)
)
_by_others = union_all(
    *(
        select(table.c.digest).where(table.c.digest.in_(_digests))
        for table in NAMING
        if table is not artifacts
    )
)


def foresee(connection: Connection, workspace_id: str, run_ids: Sequence[str]) -> Removed:
    """Count what would go; bytes are those of artifacts that nothing else names."""
    sizes: dict[str, int] = {}
    files = points = 0
    for some in chunks(run_ids):
        these = {"workspace": workspace_id, "runs": some}
        rows = connection.execute(_files, these).all()
        files += len(rows)
        sizes.update((digest, size) for digest, size in rows)
        points += connection.execute(_points, these).scalar_one()
    kept = set(_kept(connection, list(sizes), {(workspace_id, run_id) for run_id in run_ids}))
    freed = sum(size for digest, size in sizes.items() if digest not in kept)
    return Removed(runs=len(run_ids), artifacts=files, metrics=points, bytes_freed=freed)


def _kept(
    connection: Connection, digests: Sequence[str], going: set[tuple[Any, Any]]
) -> Iterator[str]:
    for some in chunks(digests):
        for digest, *run in connection.execute(_by_runs, {"digests": some}):
            if tuple(run) not in going:
                yield digest
        for (digest,) in connection.execute(_by_others, {"digests": some}):
            yield digest
