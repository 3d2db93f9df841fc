"""The table of datastores, whose credentials are encrypted before they come here."""

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, Table, Text

from zaffre.adapters.sql.columns import Word
from zaffre.adapters.sql.tables.schema import labels, metadata, moment, text, workspace
from zaffre.domain.datastores import CredentialKind, DatastoreKind

datastores = Table(
    "datastores",
    metadata,
    workspace(),
    Column("name", Text),
    Column("kind", Word(DatastoreKind), nullable=False),
    labels("settings"),
    Column("credential_kind", Word(CredentialKind), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    text("description"),
    labels("tags"),
    text("created_by"),
    moment(),
    moment("updated_at"),
    PrimaryKeyConstraint("workspace_id", "name"),
    sqlite_with_rowid=False,
)
