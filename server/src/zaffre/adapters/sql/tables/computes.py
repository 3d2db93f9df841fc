"""The table of compute targets, whose credentials are encrypted before they come here."""

from typing import Any

from sqlalchemy import Boolean, Column, LargeBinary, PrimaryKeyConstraint, Table, Text

from zaffre.adapters.sql.columns import Document, Labels, Word
from zaffre.adapters.sql.tables.schema import labels, metadata, moment, text, workspace
from zaffre.domain.computes import (
    ComputeError,
    ComputeKind,
    ComputeLimits,
    ComputeState,
    Node,
    Power,
    Scale,
)

computes = Table(
    "computes",
    metadata,
    workspace(),
    Column("name", Text),
    Column("kind", Word(ComputeKind), nullable=False),
    text("type"),
    text("location"),
    text("vm_size"),
    Column("low_priority", Boolean, nullable=False),
    Column("scale", Document(Scale)),
    Column("limits", Document(ComputeLimits), nullable=False),
    Column("settings", Document(dict[str, Any]), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    text("description"),
    labels("tags"),
    Column("state", Word(ComputeState), nullable=False),
    Column("power", Word(Power), nullable=False),
    Column("errors", Document(tuple[ComputeError, ...]), nullable=False),
    # The nodes with the runs that they execute: few, and always read and written together.
    Column("nodes", Document(tuple[Node, ...]), nullable=False),
    Column("handle", Document(dict[str, Any]), nullable=False),
    Column("urls", Labels, nullable=False),
    text("created_by"),
    moment(),
    moment("updated_at"),
    PrimaryKeyConstraint("workspace_id", "name"),
    sqlite_with_rowid=False,
)
