"""Tables of files of things that are not runs, and of what is being removed."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Key, Word
from zaffre.adapters.sql.tables.schema import metadata, moment, text, workspace
from zaffre.domain.artifacts import OwnerKind
from zaffre.domain.removals import RemovalKind

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
    # By which it is known whether bytes still have a name.
    Index(None, "digest"),
    sqlite_with_rowid=False,
)

# No foreign keys: what is named here is about to be gone, and the work goes on after a crash.
removals = Table(
    "removals",
    metadata,
    Column("key", Key, primary_key=True),
    text("workspace_id"),
    Column("kind", Word(RemovalKind), nullable=False),
    text("target_id"),
    moment(),
    UniqueConstraint("workspace_id", "kind", "target_id"),
)

doomed_blobs = Table(
    "doomed_blobs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Small bytes whose file may not be on the disk yet: they are, here.
kept_blobs = Table(
    "kept_blobs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
