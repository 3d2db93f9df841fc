"""Tracking as MLflow programs need it: params, inputs, the registry, logged models, traces."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what is new to the tables of before."""
    _runs()
    _metrics()
    _registry()
    _logged_models()
    _files()
    _traces()


def _runs() -> None:
    op.add_column("runs", sa.Column("archived_at", sa.Double(), nullable=True))
    op.create_index(
        op.f("ix_runs_experiment_id_started_at_key"),
        "runs",
        ["experiment_id", "started_at", "key"],
    )
    op.create_table(
        "run_params",
        sa.Column("run_key", _KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name=op.f("fk_run_params_run_key")),
        sa.PrimaryKeyConstraint("run_key", "name", name=op.f("pk_run_params")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_run_params_name_digest_run_key"), "run_params", ["name", "digest", "run_key"]
    )
    op.create_table(
        "run_inputs",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("run_key", _KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.Column("step", sa.BigInteger(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name=op.f("fk_run_inputs_run_key")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_run_inputs")),
        sa.UniqueConstraint(
            "run_key",
            "kind",
            "name",
            "digest",
            name=op.f("uq_run_inputs_run_key_kind_name_digest"),
        ),
    )
    op.create_index(
        op.f("ix_run_inputs_name_digest_run_key"), "run_inputs", ["name", "digest", "run_key"]
    )


def _metrics() -> None:
    """Add the latest values by which runs are searched."""


def _registry() -> None:
    op.add_column(
        "model_names", sa.Column("description", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("model_names", sa.Column("tags", sa.Text(), server_default="{}", nullable=False))
    op.add_column(
        "model_names", sa.Column("created_at", sa.Double(), server_default="0", nullable=False)
    )
    op.add_column(
        "model_names", sa.Column("updated_at", sa.Double(), server_default="0", nullable=False)
    )
    op.add_column("models", sa.Column("stage", sa.Text(), server_default="None", nullable=False))
    op.add_column("models", sa.Column("source", sa.Text(), server_default="", nullable=False))
    op.add_column("models", sa.Column("run_link", sa.Text(), server_default="", nullable=False))
    op.add_column("models", sa.Column("logged_model_id", sa.Text(), nullable=True))
    op.add_column(
        "models", sa.Column("updated_at", sa.Double(), server_default="0", nullable=False)
    )
    op.execute("UPDATE models SET updated_at = created_at")
    op.execute(
        "UPDATE model_names SET created_at = coalesce((SELECT min(models.created_at) FROM models"
        " WHERE models.workspace_id = model_names.workspace_id"
        " AND models.name = model_names.name), 0)"
    )
    op.execute("UPDATE model_names SET updated_at = created_at")
    op.create_table(
        "model_aliases",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "name"],
            ["model_names.workspace_id", "model_names.name"],
            name=op.f("fk_model_aliases_workspace_id_name"),
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", "alias", name=op.f("pk_model_aliases")),
        sqlite_with_rowid=False,
    )


def _logged_models() -> None:
    op.create_table(
        "logged_models",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("experiment_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("model_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("archived_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_logged_models_workspace_id")
        ),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name=op.f("fk_logged_models_experiment_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_logged_models")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_logged_models_workspace_id_id")),
    )
    op.create_index(
        op.f("ix_logged_models_experiment_id_key"), "logged_models", ["experiment_id", "key"]
    )
    op.create_index(
        op.f("ix_logged_models_workspace_id_run_id"), "logged_models", ["workspace_id", "run_id"]
    )
    op.create_table(
        "logged_model_metrics",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("model_key", _KEY, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("dataset_name", sa.Text(), nullable=True),
        sa.Column("dataset_digest", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_key"],
            ["logged_models.key"],
            name=op.f("fk_logged_model_metrics_model_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_logged_model_metrics")),
    )
    op.create_index(
        op.f("ix_logged_model_metrics_model_key_name"),
        "logged_model_metrics",
        ["model_key", "name"],
    )
    op.create_table(
        "run_models",
        sa.Column("run_key", _KEY, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name=op.f("fk_run_models_run_key")),
        sa.PrimaryKeyConstraint("run_key", "direction", "model_id", name=op.f("pk_run_models")),
        sqlite_with_rowid=False,
    )


def _files() -> None:
    """Add the files of things that are not runs."""
    op.create_table(
        "owned_files",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_owned_files_workspace_id")
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "owner_kind", "owner_id", "path", name=op.f("pk_owned_files")
        ),
        sqlite_with_rowid=False,
    )


def _traces() -> None:
    """Add traces and their spans."""
