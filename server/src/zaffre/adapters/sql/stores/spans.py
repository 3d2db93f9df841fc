"""Spans in SQL."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select

from zaffre.adapters.sql.rows import columns_of, insert_or_replace, values_of
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.trace_keys import key_of
from zaffre.adapters.sql.tables import spans, traces
from zaffre.domain.traces import Span, Trace

_columns = columns_of(spans, Span)
_put = insert_or_replace(spans, by=("trace_key", "id"))
_list = (
    select(traces.c.id.label("trace_id"), *_columns)
    .join_from(spans, traces, spans.c.trace_key == traces.c.key)
    .where(
        traces.c.workspace_id == bindparam("workspace"),
        traces.c.id.in_(bindparam("traces", expanding=True)),
    )
    .order_by(spans.c.trace_key, spans.c.parent_id.is_not(None), spans.c.started_ns, spans.c.key)
)


class SqlSpanStore:
    """Implements `ports.traces.SpanStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, trace: Trace, given: Iterable[Span]) -> None:
        """Add them, or replace those of the same id."""
        key = key_of(self._connection, trace.workspace_id, trace.id)
        rows = [values_of(spans, span) | {"trace_key": key} for span in given]
        if rows:
            self._connection.execute(_put, rows)

    def list(self, workspace_id: str, trace_ids: Iterable[str]) -> Mapping[str, Sequence[Span]]:
        """Return the spans of these traces by trace."""
        found: dict[str, list[Span]] = {}
        for some in chunks([*trace_ids]):
            these = {"workspace": workspace_id, "traces": some}
            for row in self._connection.execute(_list, these):
                fields = row._asdict()
                found.setdefault(fields.pop("trace_id"), []).append(Span(**fields))
        return found
