"""Tracking as MLflow programs need it: params, inputs, the registry, logged models, traces."""

from math import isnan
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_CHUNK_POINTS = 1024
_unpack = msgspec.msgpack.Decoder().decode


def upgrade() -> None:
    """Add what is new to the tables of before."""
    _runs()
    _metrics()
    _registry()
    _logged_models()
    _files()
    _traces()
    _secrets()


def _runs() -> None:
    op.add_column("runs", sa.Column("archived_at", sa.Double(), nullable=True))
    op.add_column("runs", sa.Column("began_at", sa.Double(), server_default="0", nullable=False))
    op.execute("UPDATE runs SET began_at = coalesce(started_at, created_at)")
    for owner in ("experiment_id", "workspace_id"):
        op.create_index(op.f(f"ix_runs_{owner}_began_at"), "runs", [owner, "began_at"])
    op.create_index(
        op.f("ix_runs_workspace_id_display_name"), "runs", ["workspace_id", "display_name"]
    )
    op.add_column(
        "experiments", sa.Column("updated_at", sa.Double(), server_default="0", nullable=False)
    )
    op.execute("UPDATE experiments SET updated_at = created_at")
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
    """Keep points in chunks, and with each metric the latest value by which runs are searched."""
    for name, kind in (
        ("latest_number", sa.Double()),
        ("latest_step", sa.BigInteger()),
        ("latest_time", sa.Double()),
    ):
        op.add_column("metric_series", sa.Column(name, kind, nullable=True))
    op.add_column(
        "metric_series",
        sa.Column("latest_is_nan", sa.Integer(), server_default="0", nullable=False),
    )
    op.create_table(
        "metric_chunks",
        sa.Column("series_key", _KEY, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("series_key", "ordinal", name=op.f("pk_metric_chunks")),
        sqlite_with_rowid=False,
    )
    op.add_column("metric_batches", sa.Column("data", sa.LargeBinary(), nullable=True))
    op.add_column(
        "metric_batches", sa.Column("waiting", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_index(
        op.f("ix_metric_batches_waiting"),
        "metric_batches",
        ["run_key", "start"],
        sqlite_where=sa.text("data IS NOT NULL"),
        postgresql_where=sa.text("data IS NOT NULL"),
    )
    _move_points(op.get_bind())
    op.drop_table("metric_points")


def _move_points(connection: sa.Connection) -> None:
    """Put every point into a chunk; the columns are as `stores.points` reads them."""
    for key, count in connection.execute(sa.text('SELECT key, "count" FROM metric_series')).all():
        numbers: list[tuple[int, float, float, int]] = []
        for low in range(0, count, _CHUNK_POINTS):
            rows = connection.execute(
                sa.text(
                    "SELECT kind, step, time, number, other FROM metric_points"
                    " WHERE series_key = :key AND ordinal >= :low AND ordinal < :high"
                    " ORDER BY ordinal"
                ),
                {"key": key, "low": low, "high": low + _CHUNK_POINTS},
            )
            points = [
                (kind, step, time, number if other is None else _unpack(other))
                for kind, step, time, number, other in rows
            ]
            _add_chunk(connection, key, low, points)
            numbers = [max(found)] if (found := numbers + _numbers_of(points)) else []
        for step, time, number, is_nan in numbers:
            connection.execute(
                sa.text(
                    "UPDATE metric_series SET latest_number = :number, latest_step = :step,"
                    " latest_time = :time, latest_is_nan = :is_nan WHERE key = :key"
                ),
                {
                    "key": key,
                    "number": None if is_nan else number,
                    "step": step,
                    "time": time,
                    "is_nan": is_nan,
                },
            )


def _add_chunk(
    connection: sa.Connection, key: int, ordinal: int, points: list[tuple[Any, ...]]
) -> None:
    kinds, steps, times, values = zip(*points, strict=True)
    packed = bytes(kinds) if any(kinds) else None
    data = msgspec.msgpack.encode((packed, times, steps, values))
    connection.execute(
        sa.text(
            'INSERT INTO metric_chunks (series_key, ordinal, "count", data)'
            " VALUES (:key, :ordinal, :count, :data)"
        ),
        {"key": key, "ordinal": ordinal, "count": len(points), "data": data},
    )


def _numbers_of(points: list[tuple[Any, ...]]) -> list[tuple[int, float, float, int]]:
    """Return step, time, number and whether it is none of the points that are numbers."""
    return [
        (step or 0, time, 0.0 if isnan(value) else float(value), int(isnan(value)))
        for kind, step, time, value in points
        if kind == 0 and isinstance(value, int | float)
    ]


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
    op.add_column(
        "model_names", sa.Column("is_prompt", sa.Boolean(), server_default="0", nullable=False)
    )
    op.add_column("model_names", sa.Column("removed_at", sa.Double(), nullable=True))
    op.add_column("models", sa.Column("stage", sa.Text(), server_default="None", nullable=False))
    op.add_column("models", sa.Column("source", sa.Text(), server_default="", nullable=False))
    op.add_column("models", sa.Column("run_link", sa.Text(), server_default="", nullable=False))
    op.add_column("models", sa.Column("logged_model_id", sa.Text(), nullable=True))
    op.add_column(
        "models", sa.Column("updated_at", sa.Double(), server_default="0", nullable=False)
    )
    op.create_index(
        op.f("ix_models_workspace_id_name_stage_version"),
        "models",
        ["workspace_id", "name", "stage", "version"],
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
    """Add files of things that are not runs, and what removals need."""
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
    op.create_table(
        "removals",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_removals")),
        sa.UniqueConstraint(
            "workspace_id",
            "kind",
            "target_id",
            name=op.f("uq_removals_workspace_id_kind_target_id"),
        ),
    )
    op.create_table(
        "doomed_blobs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_doomed_blobs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kept_blobs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_kept_blobs")),
    )
    for table in ("owned_files", "artifacts", "model_files", "snapshot_files"):
        op.create_index(op.f(f"ix_{table}_digest"), table, ["digest"])
    op.create_index(op.f("ix_run_labels_run_key"), "run_labels", ["run_key"])
    op.add_column("runs", sa.Column("snapshot_id", sa.Text(), nullable=True))
    op.execute("UPDATE runs SET snapshot_id = json_extract(spec, '$.snapshot_id')")
    op.create_index(
        op.f("ix_runs_workspace_id_snapshot_id"),
        "runs",
        ["workspace_id", "snapshot_id"],
        sqlite_where=sa.text("snapshot_id IS NOT NULL"),
    )


def _traces() -> None:
    """Add traces and their spans."""
    op.create_table(
        "traces",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("experiment_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("client_request_id", sa.Text(), nullable=True),
        sa.Column("request_preview", sa.Text(), nullable=True),
        sa.Column("response_preview", sa.Text(), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("has_spans", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_traces_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiments.id"],
            name=op.f("fk_traces_experiment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_traces")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_traces_workspace_id_id")),
    )
    op.create_index(
        op.f("ix_traces_experiment_id_started_ms_id"),
        "traces",
        ["experiment_id", "started_ms", "id"],
    )
    _trace_labels()
    _spans()
    _assessments()


def _of_trace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["trace_key"], ["traces.key"], name=op.f(f"fk_{table}_trace_key"), ondelete="CASCADE"
    )


def _trace_labels() -> None:
    op.create_table(
        "trace_labels",
        sa.Column("trace_key", _KEY, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _of_trace("trace_labels"),
        sa.PrimaryKeyConstraint("trace_key", "label", "name", name=op.f("pk_trace_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_trace_labels_label_name_digest_trace_key"),
        "trace_labels",
        ["label", "name", "digest", "trace_key"],
    )
    op.create_table(
        "trace_links",
        sa.Column("trace_key", _KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        _of_trace("trace_links"),
        sa.PrimaryKeyConstraint("trace_key", "kind", "target", name=op.f("pk_trace_links")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_trace_links_kind_target_trace_key"),
        "trace_links",
        ["kind", "target", "trace_key"],
    )
    op.create_table(
        "awaited_links",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_awaited_links_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "trace_id", "run_id", name=op.f("pk_awaited_links")
        ),
        sqlite_with_rowid=False,
    )


def _spans() -> None:
    op.create_table(
        "spans",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("trace_key", _KEY, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        _of_trace("spans"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_spans")),
        sa.UniqueConstraint("trace_key", "id", name=op.f("uq_spans_trace_key_id")),
    )


def _assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("trace_key", _KEY, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=True),
        sa.Column("rationale", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("overrides", sa.Text(), nullable=True),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        _of_trace("assessments"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_assessments")),
        sa.UniqueConstraint("trace_key", "id", name=op.f("uq_assessments_trace_key_id")),
    )


def _secrets() -> None:
    """Add the secrets of workspaces."""
    op.create_table(
        "secrets",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_secrets_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_secrets")),
        sqlite_with_rowid=False,
    )
