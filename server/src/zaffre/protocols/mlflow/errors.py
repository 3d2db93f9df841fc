"""From our errors to MLflow's: the code that its client branches on, and a status.

The names and their statuses are those of MLflow's `databricks.proto` and `mlflow.exceptions`.
"""

from typing import Final

import msgspec

from zaffre.domain.errors import ZaffreError
from zaffre.protocols.http.errors import status_of

_BY_KIND: Final = {
    "invalid": "INVALID_PARAMETER_VALUE",
    "unauthenticated": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "not_found": "RESOURCE_DOES_NOT_EXIST",
    "method": "ENDPOINT_NOT_FOUND",
    "conflict": "INVALID_STATE",
    "mismatch": "INVALID_PARAMETER_VALUE",
    "too_large": "INVALID_PARAMETER_VALUE",
    "unsupported": "INVALID_PARAMETER_VALUE",
    "range": "INVALID_PARAMETER_VALUE",
    "unavailable": "TEMPORARILY_UNAVAILABLE",
    "storage_full": "RESOURCE_EXHAUSTED",
}
# Where the kind alone does not say what MLflow's own server answers.
_BY_CODE: Final = {
    "RouteNotFound": "ENDPOINT_NOT_FOUND",
    "ExperimentExists": "RESOURCE_ALREADY_EXISTS",
    "RunExists": "RESOURCE_ALREADY_EXISTS",
    "ModelExists": "RESOURCE_ALREADY_EXISTS",
    "TraceExists": "RESOURCE_ALREADY_EXISTS",
    "ParamExists": "INVALID_PARAMETER_VALUE",
    "RunArchived": "INVALID_PARAMETER_VALUE",
    "ExperimentArchived": "INVALID_PARAMETER_VALUE",
}
# The words of MLflow's own server, which programs look for in a message.
_WORDS: Final = {
    "RunNotFound": "Run with id={} not found.",
    "ExperimentNotFound": "No Experiment with id={} exists.",
    "ExperimentExists": "Experiment(name={}) already exists.",
    "LoggedModelNotFound": "Logged model with ID '{}' not found.",
    "ModelNotFound": "Registered Model with name={} not found.",
    "VersionNotFound": "Model Version (name={}, version={}) not found.",
    "TraceNotFound": "Trace with ID '{}' not found.",
    "AssessmentNotFound": "Assessment with ID '{}' not found.",
    "TagNotFound": "No tag with name: {}.",
    "RunArchived": "The run {} must be in the 'active' state. Current state is deleted.",
}
_MAX_NAME: Final = 500
# MLflow's server answers these with 400, and its client has no other use for the status.
_BAD_REQUEST: Final = 400
_CONFLICT: Final = 409
_AS_BAD_REQUEST: Final = frozenset({"RESOURCE_ALREADY_EXISTS"})


class MlflowError(msgspec.Struct):
    """The body of every error."""

    error_code: str
    message: str


def error_of(error: ZaffreError) -> tuple[int, MlflowError]:
    """Return the status and the body that stand for an error."""
    code = _BY_CODE.get(error.code) or _BY_KIND.get(error.kind, "INTERNAL_ERROR")
    status = status_of(error)
    if code in _AS_BAD_REQUEST or (status == _CONFLICT and code == "INVALID_PARAMETER_VALUE"):
        status = _BAD_REQUEST
    message = _message(error)
    return status, MlflowError(code, message.encode("utf-8", "backslashreplace").decode())


def _message(error: ZaffreError) -> str:
    code, message = error.code, error.message
    names = [] if error.name is None else [error.name[:_MAX_NAME]]
    if code == "ModelNotFound" and names and ":" in names[0]:
        code, names = "VersionNotFound", names[0].rsplit(":", 1)
    words = _WORDS.get(code)
    if words is not None and names:
        message = words.format(*names)
    return f"{message} {error.hint}" if error.hint else message
