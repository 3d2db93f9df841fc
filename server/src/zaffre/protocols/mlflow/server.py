"""What the server says of itself to MLflow programs."""

from typing import Final

from zaffre.domain.access import Permission
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.routes import Answer, Route, route

SPOKEN_VERSION: Final = "3.17.0"
"""The release of MLflow whose REST API this door speaks; clients show it, and some compare it."""


async def show_health(call: MlflowCall) -> Answer:  # noqa: ARG001 - the same for everybody
    """Answer as MLflow's server does."""
    return Answer(body=b"OK", headers=[(b"content-type", b"text/plain; charset=utf-8")])


async def show_version(call: MlflowCall) -> Answer:  # noqa: ARG001 - the same for everybody
    """Answer the release of the API."""
    text = SPOKEN_VERSION.encode()
    return Answer(body=text, headers=[(b"content-type", b"text/plain; charset=utf-8")])


ROUTES: Final[list[Route]] = [
    route("GET", "/health", show_health, Permission.PUBLIC, needs_workspace=False),
    route("GET", "/version", show_version, Permission.PUBLIC, needs_workspace=False),
]
