"""Every route of this door, room by room."""

from zaffre.protocols.mlflow import (
    artifact_uploads,
    artifacts,
    batches,
    experiments,
    logged_models,
    metrics,
    model_history,
    model_versions,
    otlp,
    params,
    read_datasets,
    registered_models,
    runs,
    search,
    server,
    traces,
    traces_assessments,
    traces_v2,
)
from zaffre.protocols.mlflow.routes import Route


def all_routes() -> list[Route]:
    """Return them."""
    return [
        *server.ROUTES,
        *experiments.ROUTES,
        *runs.ROUTES,
        *params.ROUTES,
        *read_datasets.ROUTES,
        *model_history.ROUTES,
        *metrics.ROUTES,
        *batches.ROUTES,
        *search.ROUTES,
        *artifacts.ROUTES,
        *artifact_uploads.ROUTES,
        *registered_models.ROUTES,
        *model_versions.ROUTES,
        *logged_models.ROUTES,
        *otlp.ROUTES,
        *traces.ROUTES,
        *traces_assessments.ROUTES,
        *traces_v2.ROUTES,
    ]
