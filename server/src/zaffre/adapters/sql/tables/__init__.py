"""Every table."""

from zaffre.adapters.sql.tables.access import answers, tokens
from zaffre.adapters.sql.tables.computes import computes
from zaffre.adapters.sql.tables.datasets import (
    data_uses,
    dataset_files,
    dataset_names,
    datasets,
)
from zaffre.adapters.sql.tables.datastores import datastores
from zaffre.adapters.sql.tables.endpoints import endpoint_keys, endpoints
from zaffre.adapters.sql.tables.environments import (
    environment_builds,
    environment_files,
    environment_labels,
    environments,
)
from zaffre.adapters.sql.tables.logged_models import (
    logged_model_metrics,
    logged_models,
    run_models,
)
from zaffre.adapters.sql.tables.metrics import metric_batches, metric_chunks, metric_series
from zaffre.adapters.sql.tables.models import model_aliases, model_files, model_names, models
from zaffre.adapters.sql.tables.owned_files import (
    doomed_blobs,
    kept_blobs,
    owned_files,
    removals,
)
from zaffre.adapters.sql.tables.runs import artifacts, run_inputs, run_labels, run_params, runs
from zaffre.adapters.sql.tables.schema import metadata
from zaffre.adapters.sql.tables.secrets import secrets
from zaffre.adapters.sql.tables.snapshots import snapshot_files, snapshots, workspace_blobs
from zaffre.adapters.sql.tables.traces import (
    assessments,
    awaited_links,
    spans,
    trace_labels,
    trace_links,
    traces,
)
from zaffre.adapters.sql.tables.workspaces import experiments, workspaces

__all__ = [
    "answers",
    "artifacts",
    "assessments",
    "awaited_links",
    "computes",
    "data_uses",
    "dataset_files",
    "dataset_names",
    "datasets",
    "datastores",
    "doomed_blobs",
    "endpoint_keys",
    "endpoints",
    "environment_builds",
    "environment_files",
    "environment_labels",
    "environments",
    "experiments",
    "kept_blobs",
    "logged_model_metrics",
    "logged_models",
    "metadata",
    "metric_batches",
    "metric_chunks",
    "metric_series",
    "model_aliases",
    "model_files",
    "model_names",
    "models",
    "owned_files",
    "removals",
    "run_inputs",
    "run_labels",
    "run_models",
    "run_params",
    "runs",
    "secrets",
    "snapshot_files",
    "snapshots",
    "spans",
    "tokens",
    "trace_labels",
    "trace_links",
    "traces",
    "workspace_blobs",
    "workspaces",
]
