"""Tables of models."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Key
from zaffre.adapters.sql.tables.schema import files_of, labels, metadata, moment, text, workspace

model_names = Table(
    "model_names",
    metadata,
    workspace(),
    Column("name", Text),
    Column("last_version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "name"),
    sqlite_with_rowid=False,
)

models = Table(
    "models",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(cascade=False),
    text("id"),
    text("name"),
    Column("version", Integer, nullable=False),
    labels("tags"),
    labels("properties"),
    text("description"),
    text("framework"),
    text("framework_version"),
    Column("run_id", Text),
    Column("experiment_name", Text),
    text("created_by"),
    moment(),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "key"),
    Index(None, "workspace_id", "name", "key"),
    Index(None, "workspace_id", "run_id", "key"),
)

model_files = files_of("model")
