"""Tables of snapshots, and of the blobs that a workspace may name."""

from sqlalchemy import (
    BigInteger,
    Column,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Key
from zaffre.adapters.sql.tables.schema import files_of, metadata, moment, text, workspace

snapshots = Table(
    "snapshots",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(),
    text("id"),
    moment(),
    UniqueConstraint("workspace_id", "id"),
)

snapshot_files = files_of("snapshot")

workspace_blobs = Table(
    "workspace_blobs",
    metadata,
    workspace(),
    Column("digest", Text),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "digest"),
    sqlite_with_rowid=False,
)
