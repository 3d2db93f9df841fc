"""The table of secrets, whose values are encrypted before they come here."""

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, Table, Text

from zaffre.adapters.sql.tables.schema import metadata, moment, text, workspace

secrets = Table(
    "secrets",
    metadata,
    workspace(),
    Column("name", Text),
    Column("sealed", LargeBinary, nullable=False),
    text("content_type"),
    moment(),
    moment("updated_at"),
    PrimaryKeyConstraint("workspace_id", "name"),
    sqlite_with_rowid=False,
)
