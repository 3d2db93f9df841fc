"""Data: datastores, datasets, and the runs that read and made them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what is new to the tables of before."""
    _datastores()
    _datasets()
    _data_uses()


def _datastores() -> None:
    """Add datastores, and which one is the default of a workspace."""
    op.add_column(
        "workspaces",
        sa.Column("default_datastore", sa.Text(), server_default="", nullable=False),
    )
    op.create_table(
        "datastores",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("credential_kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_datastores_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_datastores")),
        sqlite_with_rowid=False,
    )


def _datasets() -> None:
    """Add versions of datasets and what their files were."""
    op.create_table(
        "dataset_names",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_dataset_names_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_dataset_names")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "datasets",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("definition_digest", sa.Text(), nullable=False),
        sa.Column("marks_digest", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("unregistered_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_datasets_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_datasets")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_datasets_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id", "name", "version", name=op.f("uq_datasets_workspace_id_name_version")
        ),
    )
    op.create_index(
        op.f("ix_datasets_workspace_id_definition_digest"),
        "datasets",
        ["workspace_id", "definition_digest"],
    )
    op.create_index(
        op.f("ix_datasets_workspace_id_run_id_key"), "datasets", ["workspace_id", "run_id", "key"]
    )
    op.create_table(
        "dataset_files",
        sa.Column("dataset_key", _KEY, nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_key"],
            ["datasets.key"],
            name=op.f("fk_dataset_files_dataset_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dataset_key", "start", name=op.f("pk_dataset_files")),
    )


def _data_uses() -> None:
    """Add what runs read and made, and the datasets of models."""
    op.create_table(
        "data_uses",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("run_key", _KEY, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("dataset_id", sa.Text(), nullable=True),
        sa.Column("datastore", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("path_on_compute", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name=op.f("fk_data_uses_run_key")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_data_uses")),
        sa.UniqueConstraint(
            "run_key", "direction", "name", name=op.f("uq_data_uses_run_key_direction_name")
        ),
    )
    op.create_index(op.f("ix_data_uses_dataset_id_key"), "data_uses", ["dataset_id", "key"])
    op.add_column("models", sa.Column("datasets", sa.Text(), server_default="[]", nullable=False))
    op.create_index(
        op.f("ix_models_workspace_id_datasets"),
        "models",
        ["workspace_id"],
        sqlite_where=sa.text("datasets != '[]'"),
    )
