"""Tables of runs and of what they leave behind."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as text_

from zaffre.adapters.sql.columns import Document, Key, Moment, Word
from zaffre.adapters.sql.tables.schema import labels, metadata, moment, text, workspace
from zaffre.domain.inputs import InputKind
from zaffre.domain.runs import RunError, RunKind, RunSpec, RunState

runs = Table(
    "runs",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(cascade=False),
    text("id"),
    Column("experiment_id", Text, ForeignKey("experiments.id"), nullable=False),
    # Kept here too, since most lists ask for it; it follows when the experiment is renamed.
    text("experiment_name"),
    Column("parent_id", Text),
    Column("number", Integer, nullable=False),
    Column("kind", Word(RunKind), nullable=False),
    Column("state", Word(RunState), nullable=False),
    Column("spec", Document(RunSpec), nullable=False),
    text("display_name"),
    text("description"),
    labels("tags"),
    labels("properties"),
    Column("error", Document(RunError)),
    Column("attempt", Integer, nullable=False),
    Column("handle", Document(dict[str, Any]), nullable=False),
    text("created_by"),
    moment(),
    moment("started_at", nullable=True),
    moment("ended_at", nullable=True),
    moment("archived_at", nullable=True),
    # When it started, or was created until it did: the order of searches.
    Column("began_at", Moment, nullable=False, server_default="0"),
    # Of the specification: where it waits, and how urgent it is.
    Column("compute", Text, nullable=False, server_default="local"),
    Column("priority", Integer, nullable=False, server_default="0"),
    # Of the specification, so that a snapshot goes when its last run does.
    Column("snapshot_id", Text),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "snapshot_id", sqlite_where=text_("snapshot_id IS NOT NULL")),
    Index(None, "workspace_id", "key"),
    Index(None, "workspace_id", "experiment_name", "key"),
    Index(None, "workspace_id", "parent_id", "key"),
    Index(None, "workspace_id", "display_name"),
    Index(None, "workspace_id", "state", "key"),
    Index(None, "kind", "state", "key"),
    Index(None, "experiment_id"),
    Index(None, "experiment_id", "began_at"),
    Index(None, "workspace_id", "began_at"),
)
Index(
    "ix_runs_queue",
    runs.c.compute,
    runs.c.priority.desc(),
    runs.c.key,
    sqlite_where=runs.c.state == RunState.QUEUED,
    postgresql_where=runs.c.state == RunState.QUEUED,
)

# Tags and properties again, for filters: a row for the name and a row for name and value, in the
# order of `list`. Values are digests since they may be long.
run_labels = Table(
    "run_labels",
    metadata,
    Column("workspace_id", Text),
    Column("label", Text),
    Column("name", Text),
    Column("value", LargeBinary),
    Column("run_key", Key, ForeignKey("runs.key")),
    PrimaryKeyConstraint("workspace_id", "label", "name", "value", "run_key"),
    # Without it the removal of a run would look through the labels of all.
    Index(None, "run_key"),
    sqlite_with_rowid=False,
)

run_params = Table(
    "run_params",
    metadata,
    Column("run_key", Key, ForeignKey("runs.key")),
    Column("name", Text),
    text("value"),
    # Of the value, so that searches for equal values read an index, however long values are.
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("run_key", "name"),
    Index(None, "name", "digest", "run_key"),
    sqlite_with_rowid=False,
)

run_inputs = Table(
    "run_inputs",
    metadata,
    Column("key", Key, primary_key=True),
    Column("run_key", Key, ForeignKey("runs.key"), nullable=False),
    Column("kind", Word(InputKind), nullable=False),
    text("name"),
    text("digest"),
    text("source_type"),
    text("source"),
    Column("schema", Text),
    Column("profile", Text),
    Column("step", BigInteger),
    labels("tags"),
    UniqueConstraint("run_key", "kind", "name", "digest"),
    Index(None, "name", "digest", "run_key"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("workspace_id", Text),
    Column("run_id", Text),
    Column("path", Text),
    text("digest"),
    Column("size", BigInteger, nullable=False),
    moment(),
    PrimaryKeyConstraint("workspace_id", "run_id", "path"),
    ForeignKeyConstraint(["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"]),
    # By which it is known whether bytes still have a name.
    Index(None, "digest"),
    sqlite_with_rowid=False,
)
