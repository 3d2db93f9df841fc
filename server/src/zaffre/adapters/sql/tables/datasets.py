"""Tables of datasets, and of the runs that read and made them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Document, Key, Word
from zaffre.adapters.sql.tables.schema import labels, metadata, moment, text, workspace
from zaffre.domain.data_uses import UseDirection, UseMode
from zaffre.domain.datasets import Definition

dataset_names = Table(
    "dataset_names",
    metadata,
    workspace(),
    Column("name", Text),
    # The row of an unregistered name stays, so that its numbers are not given again.
    Column("last_version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "name"),
    sqlite_with_rowid=False,
)

datasets = Table(
    "datasets",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(),
    text("id"),
    Column("name", Text),
    Column("version", Integer),
    Column("definition", Document(Definition), nullable=False),
    # By which equal definitions without a name are found again, while their files are the same.
    text("definition_digest"),
    text("marks_digest"),
    text("description"),
    labels("tags"),
    Column("files", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    text("created_by"),
    moment(),
    Column("run_id", Text),
    moment("unregistered_at", nullable=True),
    UniqueConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "name", "version"),
    Index(None, "workspace_id", "definition_digest"),
    Index(None, "workspace_id", "run_id", "key"),
)

# Many files in a row: they are written once and read in order.
dataset_files = Table(
    "dataset_files",
    metadata,
    Column("dataset_key", Key, ForeignKey("datasets.key", ondelete="CASCADE")),
    Column("start", Integer),
    Column("marks", Document(list[tuple[str | None, str, int, str, str]]), nullable=False),
    PrimaryKeyConstraint("dataset_key", "start"),
)

data_uses = Table(
    "data_uses",
    metadata,
    Column("key", Key, primary_key=True),
    Column("run_key", Key, ForeignKey("runs.key"), nullable=False),
    Column("direction", Word(UseDirection), nullable=False),
    text("name"),
    Column("mode", Word(UseMode), nullable=False),
    moment("at"),
    Column("dataset_id", Text),
    Column("datastore", Text),
    Column("path", Text),
    Column("path_on_compute", Text),
    UniqueConstraint("run_key", "direction", "name"),
    Index(None, "dataset_id", "key"),
)
