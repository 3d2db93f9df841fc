"""Tables of models."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as text_

from zaffre.adapters.sql.columns import Document, Key, Labels, Moment, Word
from zaffre.adapters.sql.tables.schema import files_of, labels, metadata, moment, text, workspace
from zaffre.domain.models import ModelDataset, ModelStage

model_names = Table(
    "model_names",
    metadata,
    workspace(),
    Column("name", Text),
    Column("last_version", Integer, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("tags", Labels, nullable=False, server_default="{}"),
    Column("created_at", Moment, nullable=False, server_default="0"),
    Column("updated_at", Moment, nullable=False, server_default="0"),
    # As the tags say it, for lists of models, which leave prompts out.
    Column("is_prompt", Boolean, nullable=False, server_default="0"),
    # The row of a removed name stays, so that its numbers are not given again.
    moment("removed_at", nullable=True),
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
    Column("stage", Word(ModelStage), nullable=False, server_default="None"),
    Column("source", Text, nullable=False, server_default=""),
    Column("run_link", Text, nullable=False, server_default=""),
    Column("logged_model_id", Text),
    Column("updated_at", Moment, nullable=False, server_default="0"),
    Column("datasets", Document(tuple[ModelDataset, ...]), nullable=False, server_default="[]"),
    UniqueConstraint("workspace_id", "id"),
    # Of those that name datasets, by which a dataset finds its models.
    Index(
        "ix_models_workspace_id_datasets", "workspace_id", sqlite_where=text_("datasets != '[]'")
    ),
    Index(None, "workspace_id", "key"),
    Index(None, "workspace_id", "name", "key"),
    Index(None, "workspace_id", "run_id", "key"),
    Index(None, "workspace_id", "name", "stage", "version"),
)

model_files = files_of("model")

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("workspace_id", Text),
    Column("name", Text),
    Column("alias", Text),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "name", "alias"),
    ForeignKeyConstraint(
        ["workspace_id", "name"],
        ["model_names.workspace_id", "model_names.name"],
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
    sqlite_with_rowid=False,
)
