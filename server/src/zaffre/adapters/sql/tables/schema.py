"""What tables are made of. `key` columns are numbers of our own: they order rows by arrival."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from zaffre.adapters.sql.columns import Key, Labels, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str) -> "Column[str]":
    """Return a column for any text."""
    return Column(name, Text, nullable=False)


def workspace(*, cascade: bool = True) -> "Column[str]":
    """Return the column of the workspace, which takes along what only lives inside it."""
    owner = ForeignKey("workspaces.id", ondelete="CASCADE" if cascade else None)
    return Column("workspace_id", Text, owner, nullable=False)


def moment(name: str = "created_at", *, nullable: bool = False) -> "Column[Any]":
    """Return a column for a time."""
    return Column(name, Moment, nullable=nullable)


def labels(name: str) -> "Column[Any]":
    """Return a column for tags or properties."""
    return Column(name, Labels, nullable=False)


def files_of(owner: str) -> Table:
    """Return the table of the files of a thing that consists of files."""
    return Table(
        f"{owner}_files",
        metadata,
        Column("owner_key", Key, ForeignKey(f"{owner}s.key", ondelete="CASCADE")),
        Column("path", Text),
        text("digest"),
        Column("size", BigInteger, nullable=False),
        Column("executable", Boolean, nullable=False),
        PrimaryKeyConstraint("owner_key", "path"),
        # By which it is known whether bytes still have a name.
        Index(None, "digest"),
        sqlite_with_rowid=False,
    )
