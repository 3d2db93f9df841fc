"""A logged model: what a run made and described, before anybody registers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import ConflictError, InvalidError
from zaffre.domain.labels import check_text
from zaffre.domain.names import TAG

MAX_PARAMS: Final = 2000


class LoggedModelStatus(StrEnum):
    """Whether its files are all there, as MLflow names it."""

    PENDING = "LOGGED_MODEL_PENDING"
    READY = "LOGGED_MODEL_READY"
    FAILED = "LOGGED_MODEL_UPLOAD_FAILED"


class ModelDirection(StrEnum):
    """Whether a run made a logged model or read it."""

    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """A logged model of one experiment.

    Attributes:
        id: `m-` and 32 hexadecimal digits.
        model_type: What the program calls its kind; any text.
        run_id: The run that made it, if one did.
        params: Written once, like those of runs.
        archived_at: When it was put away; None while it is listed.
    """

    id: str
    workspace_id: str
    experiment_id: str
    name: str
    model_type: str = ""
    status: LoggedModelStatus = LoggedModelStatus.PENDING
    status_message: str = ""
    run_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    created_by: str = ""
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    def add_params(self, added: Mapping[str, str], *, at: datetime) -> "LoggedModel":
        """Return it with these params too; adding an equal one again changes nothing.

        Raises:
            ConflictError: `ParamExists`, with both values.
            InvalidError: As `check_params`.
        """
        for key, value in added.items():
            if self.params.get(key, value) != value:
                raise ConflictError(
                    "ParamExists",
                    f"The param {shown(key)} is {shown(self.params[key])} "
                    f"and cannot become {shown(value)}.",
                    target=f"params.{key}",
                    hint="Params are written once; use a tag for what changes.",
                )
        return replace(self, params=check_params({**self.params, **added}), updated_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModelMetric:
    """A number that tells how good a logged model is, measured on a dataset or not.

    Attributes:
        run_id: The run that measured it.
        value: NaN and infinities are kept.
        time: When it was measured, by the clock of the run.
    """

    run_id: str | None
    name: str
    value: float
    step: int
    time: datetime
    dataset_name: str | None = None
    dataset_digest: str | None = None


@dataclass(frozen=True, slots=True)
class RunModel:
    """That a run made or read a logged model."""

    direction: ModelDirection
    model_id: str
    step: int = 0


def check_params(params: Mapping[str, str]) -> dict[str, str]:
    """Return the params with normalised names.

    Raises:
        InvalidError: `TooManyParams`, `InvalidName` or `TextTooLong`.
    """
    if len(params) > MAX_PARAMS:
        raise InvalidError(
            "TooManyParams",
            f"There are {len(params)} params; a logged model has at most {MAX_PARAMS}.",
            target="params",
        )
    return {
        TAG.check(name): check_text(value, target=f"params.{name}")
        for name, value in params.items()
    }
