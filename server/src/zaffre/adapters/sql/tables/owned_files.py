"""The table of files of things that are not runs: logged models, traces."""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Table, Text

from zaffre.adapters.sql.columns import Word
from zaffre.adapters.sql.tables.schema import metadata, moment, text, workspace
from zaffre.domain.artifacts import OwnerKind

owned_files = Table(
    "owned_files",
    metadata,
    workspace(cascade=False),
    Column("owner_kind", Word(OwnerKind)),
    Column("owner_id", Text),
    Column("path", Text),
    text("digest"),
    Column("size", BigInteger, nullable=False),
    moment(),
    PrimaryKeyConstraint("workspace_id", "owner_kind", "owner_id", "path"),
    sqlite_with_rowid=False,
)
