"""Every table."""

from zaffre.adapters.sql.tables.access import answers, tokens
from zaffre.adapters.sql.tables.endpoints import endpoint_keys, endpoints
from zaffre.adapters.sql.tables.environments import environments
from zaffre.adapters.sql.tables.logged_models import (
    logged_model_metrics,
    logged_models,
    run_models,
)
from zaffre.adapters.sql.tables.metrics import metric_batches, metric_points, metric_series
from zaffre.adapters.sql.tables.models import model_aliases, model_files, model_names, models
from zaffre.adapters.sql.tables.owned_files import owned_files
from zaffre.adapters.sql.tables.runs import artifacts, run_inputs, run_labels, run_params, runs
from zaffre.adapters.sql.tables.schema import metadata
from zaffre.adapters.sql.tables.snapshots import snapshot_files, snapshots, workspace_blobs
from zaffre.adapters.sql.tables.workspaces import experiments, workspaces

__all__ = [
    "answers",
    "artifacts",
    "endpoint_keys",
    "endpoints",
    "environments",
    "experiments",
    "logged_model_metrics",
    "logged_models",
    "metadata",
    "metric_batches",
    "metric_points",
    "metric_series",
    "model_aliases",
    "model_files",
    "model_names",
    "models",
    "owned_files",
    "run_inputs",
    "run_labels",
    "run_models",
    "run_params",
    "runs",
    "snapshot_files",
    "snapshots",
    "tokens",
    "workspace_blobs",
    "workspaces",
]
