"""Compute: targets, and the queue of the runs that wait for each."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new to the tables of before."""
    _computes()
    _environments()
    _queue()
    _serving()


def _computes() -> None:
    """Add compute targets."""
    op.create_table(
        "computes",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("vm_size", sa.Text(), nullable=False),
        sa.Column("low_priority", sa.Boolean(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=True),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("power", sa.Text(), nullable=False),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("nodes", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("urls", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_computes_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_computes")),
        sqlite_with_rowid=False,
    )


def _queue() -> None:
    """Note of each run where it executes and how urgent it is, in the order of their turn."""
    op.add_column("runs", sa.Column("compute", sa.Text(), server_default="local", nullable=False))
    op.add_column("runs", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE runs SET compute = coalesce(json_extract(spec, '$.compute'), 'local')")
    queued = sa.text("state = 'Queued'")
    op.create_index(
        op.f("ix_runs_queue"),
        "runs",
        ["compute", sa.text("priority DESC"), "key"],
        sqlite_where=queued,
        postgresql_where=queued,
    )


def _environments() -> None:
    """Add labels of environments, the files that they are made of, and their builds."""
    op.create_table(
        "environment_labels",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        _in_workspace("environment_labels"),
        sa.PrimaryKeyConstraint(
            "workspace_id", "name", "label", name=op.f("pk_environment_labels")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "environment_files",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        _in_workspace("environment_files"),
        sa.PrimaryKeyConstraint("workspace_id", "path", name=op.f("pk_environment_files")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_environment_files_digest"), "environment_files", ["digest"])
    _environment_builds()


def _environment_builds() -> None:
    op.create_table(
        "environment_builds",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("built", sa.Text(), nullable=True),
        _in_workspace("environment_builds"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_environment_builds")),
        sa.UniqueConstraint(
            "workspace_id", "id", name=op.f("uq_environment_builds_workspace_id_id")
        ),
    )
    op.create_index(
        op.f("ix_environment_builds_workspace_id_name_version_key"),
        "environment_builds",
        ["workspace_id", "name", "version", "key"],
    )
    op.create_index(op.f("ix_environment_builds_state"), "environment_builds", ["state"])


def _serving() -> None:
    """Note of each endpoint whose capacity it takes."""
    op.add_column("endpoints", sa.Column("compute", sa.Text(), server_default="", nullable=False))


def _in_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"],
        ["workspaces.id"],
        name=op.f(f"fk_{table}_workspace_id"),
        ondelete="CASCADE",
    )
