"""Tables of traces."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Document, Key, Word
from zaffre.adapters.sql.tables.schema import labels, metadata, text, workspace
from zaffre.domain.traces import AssessmentKind, SpanStatus, TraceState


def _trace() -> "Column[int]":
    return Column("trace_key", Key, ForeignKey("traces.key", ondelete="CASCADE"), nullable=False)


traces = Table(
    "traces",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(),
    text("id"),
    Column(
        "experiment_id", Text, ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False
    ),
    Column("state", Word(TraceState), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger),
    Column("client_request_id", Text),
    Column("request_preview", Text),
    Column("response_preview", Text),
    Column("is_told", Boolean, nullable=False),
    Column("has_spans", Boolean, nullable=False),
    text("created_by"),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "experiment_id", "started_ms", "id"),
)

trace_labels = Table(
    "trace_labels",
    metadata,
    _trace(),
    Column("label", Text),
    Column("name", Text),
    text("value"),
    # Of the value, so that searches for equal values read an index, however long values are.
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("trace_key", "label", "name"),
    Index(None, "label", "name", "digest", "trace_key"),
    sqlite_with_rowid=False,
)

# What a trace belongs to beside its experiment: `run` and the id of one, `prompt` and a version.
trace_links = Table(
    "trace_links",
    metadata,
    _trace(),
    Column("kind", Text),
    Column("target", Text),
    PrimaryKeyConstraint("trace_key", "kind", "target"),
    Index(None, "kind", "target", "trace_key"),
    sqlite_with_rowid=False,
)

# Runs that traces belong to which are still on their way: programs send spans in the background,
# and may link a trace before it is here.
awaited_links = Table(
    "awaited_links",
    metadata,
    workspace(),
    Column("trace_id", Text),
    Column("run_id", Text),
    PrimaryKeyConstraint("workspace_id", "trace_id", "run_id"),
    sqlite_with_rowid=False,
)

spans = Table(
    "spans",
    metadata,
    Column("key", Key, primary_key=True),
    _trace(),
    text("id"),
    Column("parent_id", Text),
    text("name"),
    Column("type", Text),
    Column("status", Word(SpanStatus), nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger),
    text("attributes"),
    text("details"),
    UniqueConstraint("trace_key", "id"),
)

assessments = Table(
    "assessments",
    metadata,
    Column("key", Key, primary_key=True),
    _trace(),
    text("id"),
    text("name"),
    Column("kind", Word(AssessmentKind), nullable=False),
    Column("value", Document(Any)),
    # The value again, as filters compare it.
    text("words"),
    Column("number", Double),
    Column("error", Document(dict[str, str] | None)),
    text("source_type"),
    text("source_id"),
    Column("span_id", Text),
    Column("rationale", Text),
    labels("metadata"),
    Column("overrides", Text),
    Column("valid", Boolean, nullable=False),
    text("created_by"),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("trace_key", "id"),
)
