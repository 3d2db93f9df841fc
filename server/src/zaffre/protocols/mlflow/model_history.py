"""Models as programs of earlier releases log them: as a list in a tag of their run."""

from typing import Any, Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.routes import Route, route

_NEEDED: Final = frozenset({"artifact_path", "flavors", "utc_time_created", "run_id"})
_KEPT: Final = ("run_id", "artifact_path", "utc_time_created", "model_uuid")


class LogModel(msgspec.Struct):
    """What the `MLmodel` file of a model says, as JSON in a text."""

    run_id: str | None = None
    model_json: str | None = None


async def log_model(call: MlflowCall, body: LogModel) -> None:
    """Add a model to those that its run is known to have logged."""
    run_id = required(body.run_id, "run_id")
    model = _model_of(required(body.model_json, "model_json"))
    await call.write(
        lambda s: s.tracking.note_model(call.workspace, run_id, model, caller=call.caller)
    )


def _model_of(text: str) -> dict[str, Any]:
    """Return what is kept of a model: where it is, and its flavors without their settings."""
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise InvalidError(
            "InvalidJson",
            f"Malformed model info. {shown(text)} is not a valid JSON.",
            target="model_json",
        ) from None
    missing = sorted(_NEEDED - said.keys())
    if missing:
        raise InvalidError(
            "MissingField",
            f"Model json is missing mandatory fields: {missing}.",
            target="model_json",
        )
    flavors = said["flavors"] if isinstance(said["flavors"], dict) else {}
    return {
        **{name: said[name] for name in _KEPT if name in said},
        "flavors": {name: _without_config(flavor) for name, flavor in flavors.items()},
    }


def _without_config(flavor: object) -> object:
    if not isinstance(flavor, dict):
        return flavor
    return {name: value for name, value in flavor.items() if name != "config"}


ROUTES: Final[list[Route]] = [
    route(
        "POST",
        "/api/2.0/mlflow/runs/log-model",
        log_model,
        Permission.RUNS_WRITE,
        shape=LogModel,
    ),
]
