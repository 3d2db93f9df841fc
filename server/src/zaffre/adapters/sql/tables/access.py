"""Tables of tokens, and of answers that are given again."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from zaffre.adapters.sql.tables.schema import metadata, moment, text

tokens = Table(
    "tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    text("name"),
    text("role"),
    Column("workspace_id", Text),
    Column("run_id", Text),
    Column("attempt", Integer, nullable=False),
    moment(),
    Index(None, "workspace_id", "run_id"),
)

answers = Table(
    "answers",
    metadata,
    Column("principal", Text),
    Column("key", Text),
    text("request_digest"),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    moment(),
    PrimaryKeyConstraint("principal", "key"),
    Index(None, "created_at"),
)
