"""Every route of the native API."""

from litestar import Router

from zaffre.protocols.native import (
    artifacts,
    attempts,
    blobs,
    computes,
    data_files,
    data_packs,
    data_uses,
    datasets,
    datastores,
    deletion,
    endpoints,
    environment_builds,
    environments,
    experiments,
    imports,
    logs,
    metrics,
    models,
    parcels,
    programs,
    queries,
    runs,
    secrets,
    server,
    snapshots,
    wheels,
    workspaces,
)


def create_router() -> Router:
    """Return the router of the native API, below `/api/v1`."""
    return Router(
        "/api/v1",
        route_handlers=[
            server.show_server,
            *workspaces.ROUTES,
            *experiments.ROUTES,
            *runs.ROUTES,
            *deletion.ROUTES,
            *attempts.ROUTES,
            *parcels.ROUTES,
            *programs.ROUTES,
            *logs.ROUTES,
            *metrics.ROUTES,
            *artifacts.ROUTES,
            *blobs.ROUTES,
            *snapshots.ROUTES,
            *environments.ROUTES,
            *environment_builds.ROUTES,
            *wheels.ROUTES,
            *models.ROUTES,
            *imports.ROUTES,
            *endpoints.ROUTES,
            *secrets.ROUTES,
            *computes.ROUTES,
            *datastores.ROUTES,
            *data_files.ROUTES,
            *data_packs.ROUTES,
            *queries.ROUTES,
            *datasets.ROUTES,
            *data_uses.ROUTES,
        ],
    )
