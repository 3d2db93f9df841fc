"""By which key the rows of a trace are found, in SQL."""

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.tables import traces
from zaffre.domain.errors import missing

_key = select(traces.c.key).where(
    traces.c.workspace_id == bindparam("workspace"), traces.c.id == bindparam("trace")
)


def find_key(connection: Connection, workspace_id: str, trace_id: str) -> int | None:
    """Return the key of a trace, if it is there."""
    this = {"workspace": workspace_id, "trace": trace_id}
    key: int | None = connection.execute(_key, this).scalar_one_or_none()
    return key


def key_of(connection: Connection, workspace_id: str, trace_id: str) -> int:
    """Return the key of a trace; raises `TraceNotFound`."""
    key = find_key(connection, workspace_id, trace_id)
    if key is None:
        raise missing("trace", trace_id)
    return key
