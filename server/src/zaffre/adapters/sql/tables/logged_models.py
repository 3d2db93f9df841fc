"""Tables of logged models: what a run made, before anybody registers it."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from zaffre.adapters.sql.columns import Key, Word
from zaffre.adapters.sql.tables.schema import labels, metadata, moment, text, workspace
from zaffre.domain.logged_models import LoggedModelStatus, ModelDirection

logged_models = Table(
    "logged_models",
    metadata,
    Column("key", Key, primary_key=True),
    workspace(cascade=False),
    text("id"),
    Column("experiment_id", Text, ForeignKey("experiments.id"), nullable=False),
    text("name"),
    text("model_type"),
    Column("status", Word(LoggedModelStatus), nullable=False),
    text("status_message"),
    Column("run_id", Text),
    labels("tags"),
    labels("params"),
    text("created_by"),
    moment(),
    moment("updated_at"),
    moment("archived_at", nullable=True),
    UniqueConstraint("workspace_id", "id"),
    Index(None, "experiment_id", "key"),
    Index(None, "workspace_id", "run_id"),
)

logged_model_metrics = Table(
    "logged_model_metrics",
    metadata,
    Column("key", Key, primary_key=True),
    Column("model_key", Key, ForeignKey("logged_models.key", ondelete="CASCADE"), nullable=False),
    Column("run_id", Text),
    text("name"),
    # NULL is not-a-number.
    Column("number", Double),
    Column("step", BigInteger, nullable=False),
    moment("time"),
    Column("dataset_name", Text),
    Column("dataset_digest", Text),
    Index(None, "model_key", "name"),
)

run_models = Table(
    "run_models",
    metadata,
    Column("run_key", Key, ForeignKey("runs.key")),
    Column("direction", Word(ModelDirection)),
    Column("model_id", Text),
    Column("step", BigInteger, nullable=False),
    PrimaryKeyConstraint("run_key", "direction", "model_id"),
    sqlite_with_rowid=False,
)
