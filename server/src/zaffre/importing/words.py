"""Words of MLflow that several parts of an import need."""

from collections.abc import Mapping
from typing import Any, Final

PARENT_TAG: Final = "mlflow.parentRunId"
NOTE_TAG: Final = "mlflow.note.content"
NAME_TAG: Final = "mlflow.runName"
PROMPT_TAG: Final = "mlflow.prompt.is_prompt"
ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})
STATUSES: Final = {
    "1": "RUNNING",
    "2": "SCHEDULED",
    "3": "FINISHED",
    "4": "FAILED",
    "5": "KILLED",
}
REMOVED_STAGE: Final = "Deleted_Internal"
"""What stores keep of a version that was deleted."""
PENDING: Final = "LOGGED_MODEL_PENDING"
LOGGED_MODEL_STATUSES: Final = {
    "1": PENDING,
    "2": "LOGGED_MODEL_READY",
    "3": "LOGGED_MODEL_UPLOAD_FAILED",
    "PENDING": PENDING,
    "READY": "LOGGED_MODEL_READY",
    "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}
"""Stores keep numbers, or the short words; programs speak the long ones."""


def is_deleted(meta: Mapping[str, Any]) -> bool:
    """Tell whether a thing was put away."""
    return meta.get("lifecycle_stage") == "deleted"


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Tell whether a registered model, or a version, is a prompt."""
    return tags.get(PROMPT_TAG, "").lower() == "true"
