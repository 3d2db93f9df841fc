"""Runs of MLflow programs: begun, read, told to have ended, put away."""

from typing import Any, Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.domain.runs import PARENT_TAG, USER_TAG
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.ids import DEFAULT_ID, experiment_of
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.run_json import from_run_info, from_tracked_run
from zaffre.protocols.mlflow.run_words import NAME_TAG, NOTE_TAG, to_state
from zaffre.protocols.mlflow.shapes import OneRun, Pair, run_id_of, to_pairs
from zaffre.protocols.mlflow.times import to_time
from zaffre.services.tracking import NewTrackedRun, Restatement, TrackedRun
from zaffre.services.work import Services

_ROOT: Final = "/api/2.0/mlflow/runs"
_NOBODY: Final = "unknown"
"""What clients send as the user when the program named none."""
Json = dict[str, Any]


class CreateRun(msgspec.Struct):
    """A run to be."""

    experiment_id: str | None = None
    run_name: str | None = None
    start_time: int | None = None
    user_id: str | None = None
    tags: list[Pair] | None = None


class UpdateRun(OneRun):
    """What the program of a run says of it."""

    status: str | int | None = None
    end_time: int | None = None
    run_name: str | None = None


async def create_run(call: MlflowCall, body: CreateRun) -> Json:
    """Begin a run; one that a script begins is below the script's own run."""
    tags = to_pairs(body.tags)
    name = tags.pop(NAME_TAG, None)
    if body.run_name and name and body.run_name != name:
        raise InvalidError(
            "ContradictingNames",
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different "
            f"values (run_name='{body.run_name[:100]}', mlflow.runName='{name[:100]}').",
            target="run_name",
        )
    if body.user_id and body.user_id != _NOBODY:
        tags.setdefault(USER_TAG, body.user_id)
    parent, note = tags.pop(PARENT_TAG, None), tags.pop(NOTE_TAG, "")
    started_at = to_time(body.start_time, target="start_time")

    def start(services: Services) -> TrackedRun:
        experiment = experiment_of(
            services, call.workspace, body.experiment_id or DEFAULT_ID, caller=call.caller
        )
        new = NewTrackedRun(
            experiment_id=experiment.id,
            name=body.run_name or name,
            parent_id=parent,
            description=note,
            tags=tags,
            started_at=started_at,
        )
        return services.tracking.start(call.workspace, new, caller=call.caller)

    return {"run": from_tracked_run(await call.write(start))}


async def show_run(call: MlflowCall, query: OneRun) -> Json:
    """Answer a run with what was logged of it."""
    run_id = run_id_of(query)
    found = await call.read(lambda s: s.tracking.get(call.workspace, run_id, caller=call.caller))
    return {"run": from_tracked_run(found)}


async def update_run(call: MlflowCall, body: UpdateRun) -> Json:
    """Take what the program of a run says of it."""
    run_id = run_id_of(body)
    told = Restatement(
        state=None if body.status is None else to_state(body.status),
        ended_at=to_time(body.end_time, target="end_time"),
        name=body.run_name,
    )
    run = await call.write(
        lambda s: s.tracking.restate(call.workspace, run_id, told, caller=call.caller)
    )
    return {"run_info": from_run_info(run)}


async def delete_run(call: MlflowCall, body: OneRun) -> None:
    """Put a run away."""
    run_id = run_id_of(body)
    await call.write(lambda s: s.tracking.archive(call.workspace, run_id, caller=call.caller))


async def restore_run(call: MlflowCall, body: OneRun) -> None:
    """Put a run back."""
    run_id = run_id_of(body)
    await call.write(
        lambda s: s.tracking.archive(call.workspace, run_id, caller=call.caller, archived=False)
    )


ROUTES: Final[list[Route]] = [
    route("GET", f"{_ROOT}/get", show_run, Permission.RUNS_READ, shape=OneRun),
    *(
        route("POST", f"{_ROOT}/{name}", handler, Permission.RUNS_WRITE, shape=shape)
        for name, handler, shape in (
            ("create", create_run, CreateRun),
            ("update", update_run, UpdateRun),
            ("delete", delete_run, OneRun),
            ("restore", restore_run, OneRun),
        )
    ),
]
