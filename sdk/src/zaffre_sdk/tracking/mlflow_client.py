"""What the genuine MLflow client is told: where a workspace is, and what opens it."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import quote

URI_VARIABLE = "MLFLOW_TRACKING_URI"
TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"  # noqa: S105 - the name of a variable
RUN_VARIABLE = "MLFLOW_RUN_ID"
EXPERIMENT_VARIABLE = "MLFLOW_EXPERIMENT_ID"
# MLflow knows one experiment by a fixed id: the one that there is before any is made.
_DEFAULT_EXPERIMENT = "Default"
_DEFAULT_EXPERIMENT_ID = "0"

_given: set[str] = set()


class Scope(NamedTuple):
    """The names of a workspace."""

    subscription_id: str
    resource_group: str
    workspace: str


def tracking_uri(url: str, scope: Scope) -> str:
    """Return where MLflow finds a workspace of the server at `url`."""
    subscription, group, workspace = (quote(name, safe="") for name in scope)
    return (
        f"{url.rstrip('/')}/mlflow/v1.0/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
    )


def experiment_id(name: str, known_id: str) -> str:
    """Return under which id MLflow knows an experiment."""
    return _DEFAULT_EXPERIMENT_ID if name == _DEFAULT_EXPERIMENT else known_id


def give_token(token: str) -> None:
    """Let the MLflow client of this process in, unless the program has set a token itself.

    What was set here before is replaced: the program asks about another server now.
    """
    if os.environ.get(TOKEN_VARIABLE, "") in {"", *_given}:
        os.environ[TOKEN_VARIABLE] = token
        _given.add(token)
