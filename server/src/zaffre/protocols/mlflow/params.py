"""Params, tags and inputs of runs."""

from typing import Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.domain.inputs import RunInput
from zaffre.domain.logged_models import ModelDirection, RunModel
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.run_tags import to_change, to_removal
from zaffre.protocols.mlflow.shapes import OneRun, Pair, run_id_of, to_pairs
from zaffre.services.work import Services

_ROOT: Final = "/api/2.0/mlflow/runs"
_MAX_INPUTS: Final = 1000
_LARGE_BODY: Final = 64 << 20
"""A profile of a dataset may have 16 MiB, each character of it up to six bytes in JSON."""


class RunPair(OneRun):
    """A param to log, a tag to set, or with its key alone a tag to remove."""

    key: str | None = None
    value: str | None = None


class Dataset(msgspec.Struct):
    """Something that a run read."""

    name: str = ""
    digest: str = ""
    source_type: str | None = None
    source: str | None = None
    schema: str | None = None
    profile: str | None = None


class DatasetInput(msgspec.Struct):
    """That a run read a dataset."""

    dataset: Dataset
    tags: list[Pair] | None = None


class ModelInput(msgspec.Struct):
    """That a run read a logged model."""

    model_id: str | None = None


class LogInputs(OneRun):
    """What a run read."""

    datasets: list[DatasetInput] | None = None
    models: list[ModelInput] | None = None


async def log_param(call: MlflowCall, body: RunPair) -> None:
    """Keep a param; the same value again changes nothing."""
    run_id, key = run_id_of(body), required(body.key, "key")
    params = {key: body.value or ""}
    await call.write(lambda s: s.params.log(call.workspace, run_id, params, caller=call.caller))


async def set_tag(call: MlflowCall, body: RunPair) -> None:
    """Set a tag."""
    run_id, key = run_id_of(body), required(body.key, "key")
    change = to_change({key: body.value or ""})
    await call.write(
        lambda s: s.tracking.change(call.workspace, run_id, change, caller=call.caller)
    )


async def delete_tag(call: MlflowCall, body: RunPair) -> None:
    """Remove a tag."""
    run_id, key = run_id_of(body), required(body.key, "key")
    change = to_removal(key)
    await call.write(
        lambda s: s.tracking.change(call.workspace, run_id, change, caller=call.caller)
    )


async def log_inputs(call: MlflowCall, body: LogInputs) -> None:
    """Keep what a run read: datasets and logged models."""
    run_id = run_id_of(body)
    _check_count("datasets", len(body.datasets or ()))
    _check_count("models", len(body.models or ()))
    inputs = [_to_input(read) for read in body.datasets or ()]
    models = [
        RunModel(ModelDirection.INPUT, required(model.model_id, "models.model_id"))
        for model in body.models or ()
    ]

    def log(services: Services) -> None:
        services.inputs.log(call.workspace, run_id, inputs, caller=call.caller)
        if models:
            services.logged_models.link(call.workspace, run_id, models, caller=call.caller)

    await call.write(log)


def _check_count(what: str, count: int) -> None:
    if count > _MAX_INPUTS:
        raise InvalidError(
            "TooManyInputs",
            f"A request names {count} {what}; at most {_MAX_INPUTS} are taken at once.",
            target=what,
            hint="Send them in several requests.",
        )


def _to_input(read: DatasetInput) -> RunInput:
    dataset = read.dataset
    return RunInput(
        name=dataset.name,
        digest=dataset.digest,
        source_type=dataset.source_type or "",
        source=dataset.source or "",
        schema=dataset.schema,
        profile=dataset.profile,
        tags=to_pairs(read.tags),
    )


ROUTES: Final[list[Route]] = [
    *(
        route("POST", f"{_ROOT}/{name}", handler, Permission.RUNS_WRITE, shape=RunPair)
        for name, handler in (
            ("log-parameter", log_param),
            ("set-tag", set_tag),
            ("delete-tag", delete_tag),
        )
    ),
    route(
        "POST",
        f"{_ROOT}/log-inputs",
        log_inputs,
        Permission.RUNS_WRITE,
        shape=LogInputs,
        limit=_LARGE_BODY,
    ),
]
