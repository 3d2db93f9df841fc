"""Traces in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from zaffre.adapters.sql.rows import columns_of, insert_new, values_of
from zaffre.adapters.sql.stores.assessments import assessments_of
from zaffre.adapters.sql.stores.files import chunks
from zaffre.adapters.sql.stores.trace_keys import find_key, key_of
from zaffre.adapters.sql.stores.trace_searches import digest_of, searched
from zaffre.adapters.sql.tables import (
    awaited_links,
    experiments,
    trace_labels,
    trace_links,
    traces,
)
from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, missing
from zaffre.domain.traces import Assessment, Trace
from zaffre.ports.traces import Place, TraceQuery

_GONE = frozenset({"workspace_id", "id", "created_by"})
_CHANGING = tuple(c.name for c in columns_of(traces, Trace) if c.name not in _GONE)
_named = select(
    traces.c.key, experiments.c.name.label("experiment_name"), *columns_of(traces, Trace)
).join_from(traces, experiments, traces.c.experiment_id == experiments.c.id)
_by_ids = _named.where(
    traces.c.workspace_id == bindparam("workspace"),
    traces.c.id.in_(bindparam("ids", expanding=True)),
)
_keys_by_ids = select(traces.c.id, traces.c.key).where(
    traces.c.workspace_id == bindparam("workspace"),
    traces.c.id.in_(bindparam("ids", expanding=True)),
)
_labels = select(
    trace_labels.c.trace_key, trace_labels.c.label, trace_labels.c.name, trace_labels.c.value
).where(trace_labels.c.trace_key.in_(bindparam("keys", expanding=True)))
_insert = insert(traces).returning(traces.c.key)
_save = (
    update(traces)
    .where(traces.c.key == bindparam("this_key"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_insert_label = insert(trace_labels)
_remove_label = delete(trace_labels).where(
    trace_labels.c.trace_key == bindparam("this_key"),
    trace_labels.c.label == bindparam("this_label"),
    trace_labels.c.name == bindparam("this_name"),
)
_link = insert_new(trace_links)
_await = insert_new(awaited_links)
_come = (
    delete(awaited_links)
    .where(
        awaited_links.c.workspace_id == bindparam("workspace"),
        awaited_links.c.trace_id == bindparam("trace"),
    )
    .returning(awaited_links.c.run_id)
)
_remove = delete(traces).where(traces.c.key.in_(bindparam("keys", expanding=True)))

Labels = dict[tuple[str, str], str]


class SqlTraceStore:
    """Implements `ports.traces.TraceStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, trace: Trace) -> None:
        """Add it with its tags and metadata."""
        if find_key(self._connection, trace.workspace_id, trace.id) is not None:
            raise ConflictError(
                "TraceExists", f"The workspace has a trace {shown(trace.id)}.", target="trace"
            )
        key = self._connection.execute(_insert, values_of(traces, trace)).scalar_one()
        self._write_labels(key, {}, _labels_of(trace))
        this = {"workspace": trace.workspace_id, "trace": trace.id}
        awaited = self._connection.execute(_come, this).scalars().all()
        self._link("run", [key], awaited)

    def save(self, trace: Trace) -> None:
        """Replace everything but its assessments."""
        key = key_of(self._connection, trace.workspace_id, trace.id)
        values = {name: getattr(trace, name) for name in _CHANGING}
        self._connection.execute(_save, values | {"this_key": key})
        present = {
            (row.label, row.name): row.value
            for row in self._connection.execute(_labels, {"keys": [key]})
        }
        self._write_labels(key, present, _labels_of(trace))

    def get(self, workspace_id: str, trace_id: str) -> Trace:
        """Return it with its assessments."""
        found = self.find(workspace_id, [trace_id])
        if not found:
            raise missing("trace", trace_id)
        return found[0]

    def find(self, workspace_id: str, trace_ids: Iterable[str]) -> list[Trace]:
        """Return those that are there, in the order asked for."""
        asked = list(dict.fromkeys(trace_ids))
        found: dict[str, Trace] = {}
        for some in chunks(asked):
            these = {"workspace": workspace_id, "ids": some}
            rows = self._connection.execute(_by_ids, these).all()
            found.update((trace.id, trace) for trace in self._entities(rows))
        return [found[each] for each in asked if each in found]

    def search(
        self, workspace_id: str, query: TraceQuery, *, limit: int, after: Place | None = None
    ) -> list[tuple[Trace, Place]]:
        """Return them with the places to continue behind."""
        statement, size = searched(_named, workspace_id, query, after=after)
        rows = self._connection.execute(statement.limit(limit)).all()
        places = [tuple(row)[-size:] for row in rows]
        return list(zip(self._entities(rows), places, strict=True))

    def oldest(
        self,
        workspace_id: str,
        experiment_id: str,
        *,
        until_ms: int | None = None,
        created_by: str | None = None,
        limit: int,
    ) -> list[str]:
        """Return the ids of the oldest traces, those that began until then."""
        statement = select(traces.c.id).where(
            traces.c.workspace_id == workspace_id, traces.c.experiment_id == experiment_id
        )
        if until_ms is not None:
            statement = statement.where(traces.c.started_ms <= until_ms)
        if created_by is not None:
            statement = statement.where(traces.c.created_by == created_by)
        ordered = statement.order_by(traces.c.started_ms, traces.c.id).limit(limit)
        return list(self._connection.execute(ordered).scalars())

    def remove(self, workspace_id: str, trace_ids: Iterable[str]) -> int:
        """Remove them with all that belongs to them."""
        removed = 0
        for some in chunks(list(trace_ids)):
            keys = self._keys(workspace_id, some)
            removed += self._connection.execute(_remove, {"keys": [*keys.values()]}).rowcount
        return removed

    def link_run(self, workspace_id: str, trace_ids: Iterable[str], run_id: str) -> None:
        """Note that they belong to a run too, those to come as well."""
        for some in chunks(list(trace_ids)):
            keys = self._keys(workspace_id, some)
            self._link("run", keys.values(), [run_id])
            awaited = [
                {"workspace_id": workspace_id, "trace_id": trace_id, "run_id": run_id}
                for trace_id in dict.fromkeys(some)
                if trace_id not in keys
            ]
            if awaited:
                self._connection.execute(_await, awaited)

    def link_prompts(self, trace: Trace, versions: Iterable[str]) -> None:
        """Note that it used these versions of prompts."""
        key = key_of(self._connection, trace.workspace_id, trace.id)
        self._link("prompt", [key], versions)

    def _link(self, kind: str, keys: Iterable[int], targets: Iterable[str]) -> None:
        given = list(targets)
        rows = [
            {"trace_key": key, "kind": kind, "target": target} for key in keys for target in given
        ]
        if rows:
            self._connection.execute(_link, rows)

    def _keys(self, workspace_id: str, trace_ids: Sequence[str]) -> dict[str, int]:
        these = {"workspace": workspace_id, "ids": trace_ids}
        return {row.id: row.key for row in self._connection.execute(_keys_by_ids, these)}

    def _write_labels(self, key: int, present: Labels, new: Labels) -> None:
        changed = {name for name in {*present, *new} if present.get(name) != new.get(name)}
        for label, name in changed & present.keys():
            self._connection.execute(
                _remove_label, {"this_key": key, "this_label": label, "this_name": name}
            )
        rows = [
            {
                "trace_key": key,
                "label": label,
                "name": name,
                "value": new[label, name],
                "digest": digest_of(new[label, name]),
            }
            for label, name in sorted(changed & new.keys())
        ]
        if rows:
            self._connection.execute(_insert_label, rows)

    def _entities(self, rows: "Sequence[Row[Any]]") -> list[Trace]:
        keys = [row.key for row in rows]
        labels: dict[int, dict[str, dict[str, str]]] = {
            key: {"tag": {}, "metadata": {}} for key in keys
        }
        for some in chunks(keys):
            for row in self._connection.execute(_labels, {"keys": some}):
                labels[row.trace_key][row.label][row.name] = row.value
        assessments = assessments_of(self._connection, keys)
        return [_entity(row, labels[row.key], assessments.get(row.key, ())) for row in rows]


def _labels_of(trace: Trace) -> Labels:
    tags = {("tag", name): value for name, value in trace.tags.items()}
    return tags | {("metadata", name): value for name, value in trace.metadata.items()}


def _entity(
    row: "Row[Any]", labels: Mapping[str, dict[str, str]], assessments: Sequence[Assessment]
) -> Trace:
    fields = {name: getattr(row, name) for name in _FIELDS}
    return Trace(
        **fields,
        tags=labels["tag"],
        metadata=labels["metadata"],
        assessments=tuple(assessments),
    )


_FIELDS = ("experiment_name", *(column.name for column in columns_of(traces, Trace)))
