"""What MLflow calls the parts of a run: its statuses, and tags that are fields of ours."""

from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.runs import PARENT_TAG, USER_TAG, WAITING, RunState
from zaffre.domain.search import RunField

RUN_ARTIFACTS: Final = "mlflow-artifacts:/runs/"
EXPERIMENT_ARTIFACTS: Final = "mlflow-artifacts:/experiments/"
NAME_TAG: Final = "mlflow.runName"
NOTE_TAG: Final = "mlflow.note.content"
SOURCE_NAME_TAG: Final = "mlflow.source.name"
SOURCE_TYPE_TAG: Final = "mlflow.source.type"
FIELDS_AS_TAGS: Final = {
    NAME_TAG: RunField.NAME,
    PARENT_TAG: RunField.PARENT,
    NOTE_TAG: RunField.DESCRIPTION,
    USER_TAG: RunField.USER,
}
"""Tags whose values are fields of runs, so that every door shows and changes the same."""

_STATUSES: Final = {
    **dict.fromkeys(RunState, "RUNNING"),
    **dict.fromkeys(WAITING, "SCHEDULED"),
    RunState.COMPLETED: "FINISHED",
    RunState.FAILED: "FAILED",
    RunState.CANCELED: "KILLED",
}
_STATES: Final = {
    "RUNNING": RunState.RUNNING,
    "SCHEDULED": RunState.NOT_STARTED,
    "FINISHED": RunState.COMPLETED,
    "FAILED": RunState.FAILED,
    "KILLED": RunState.CANCELED,
}
_NUMBERS: Final = dict(enumerate(_STATES, 1))


def from_state(state: RunState) -> str:
    """Return the status of a run in that state."""
    return _STATUSES[state]


def to_state(status: str | int) -> RunState:
    """Return the state that a status means, given by its name or its number.

    Raises:
        InvalidError: `InvalidStatus`.
    """
    name = _NUMBERS.get(status, "") if isinstance(status, int) else status
    state = _STATES.get(name)
    if state is None:
        raise InvalidError(
            "InvalidStatus",
            f"There is no status {shown(status)}.",
            target="status",
            hint=f"Use one of {', '.join(_STATES)}.",
        )
    return state
