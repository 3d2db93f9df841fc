"""Every route of this door, room by room."""

from zaffre.protocols.mlflow import server
from zaffre.protocols.mlflow.routes import Route


def all_routes() -> list[Route]:
    """Return them."""
    return [
        *server.ROUTES,
    ]
