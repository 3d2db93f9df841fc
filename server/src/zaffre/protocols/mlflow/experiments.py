"""Experiments of MLflow programs."""

from typing import Any, Final

import msgspec

from zaffre.base.text import shown
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError, NotFoundError
from zaffre.domain.experiments import DEFAULT, Experiment
from zaffre.domain.names import TAG
from zaffre.domain.search import ExperimentSearch
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.grammar.experiments import experiment_conditions, experiment_order
from zaffre.protocols.mlflow.ids import DEFAULT_ID, experiment_id_of, experiment_of, find_default
from zaffre.protocols.mlflow.messages import pairs_out, required
from zaffre.protocols.mlflow.pages import PageTokens
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.protocols.mlflow.run_words import EXPERIMENT_ARTIFACTS, NOTE_TAG
from zaffre.protocols.mlflow.shapes import (
    Pair,
    lifecycle_stage,
    to_lifecycle,
    to_limit,
    to_pairs,
)
from zaffre.protocols.mlflow.times import from_time
from zaffre.services.experiments import ExperimentChange
from zaffre.services.work import Services

_ROOT: Final = "/api/2.0/mlflow/experiments"
_OUR_ARTIFACTS: Final = frozenset({"", "mlflow-artifacts:", "mlflow-artifacts:/"})
Json = dict[str, Any]


class CreateExperiment(msgspec.Struct):
    """An experiment to be."""

    name: str | None = None
    artifact_location: str | None = None
    tags: list[Pair] | None = None


class OneExperiment(msgspec.Struct):
    """Which experiment."""

    experiment_id: str | None = None


class NamedExperiment(msgspec.Struct):
    """Which experiment, by its name."""

    experiment_name: str | None = None


class SearchExperiments(msgspec.Struct):
    """Which experiments, in which order."""

    max_results: int | None = None
    page_token: str | None = None
    filter: str | None = None
    order_by: list[str] | None = None
    view_type: str | int | None = None


class UpdateExperiment(msgspec.Struct):
    """A new name."""

    experiment_id: str | None = None
    new_name: str | None = None


class ExperimentTag(msgspec.Struct):
    """A tag to set, or with its key alone to remove."""

    experiment_id: str | None = None
    key: str | None = None
    value: str | None = None


async def create_experiment(call: MlflowCall, body: CreateExperiment) -> Json:
    """Create an experiment."""
    name = required(body.name, "name")
    _check_location(body.artifact_location)
    tags = to_pairs(body.tags)
    note = tags.pop(NOTE_TAG, None)

    def create(services: Services) -> Experiment:
        made = services.experiments.create(call.workspace, name, caller=call.caller, tags=tags)
        if note:
            change = ExperimentChange(description=note)
            services.experiments.change_by_id(call.workspace, made.id, change, caller=call.caller)
        return made

    return {"experiment_id": experiment_id_of(await call.write(create))}


async def show_experiment(call: MlflowCall, query: OneExperiment) -> Json:
    """Answer an experiment by its id."""
    return _answer(await read_experiment(call, query.experiment_id))


async def show_named_experiment(call: MlflowCall, query: NamedExperiment) -> Json:
    """Answer an experiment by its name."""
    name = required(query.experiment_name, "experiment_name")
    if name == DEFAULT:
        return _answer(await read_experiment(call, DEFAULT_ID))
    found = await call.read(lambda s: s.experiments.find(call.workspace, name, caller=call.caller))
    if found is None:
        raise NotFoundError(
            "ExperimentNotFound",
            f"Could not find experiment with name {shown(name)}.",
            target="experiment_name",
            hint="Check the spelling, and the workspace that the experiment is in.",
        )
    return _answer(found)


async def search_experiments(call: MlflowCall, body: SearchExperiments) -> Json:
    """List the experiments that meet a filter."""
    default = await read_experiment(call, DEFAULT_ID)
    ids = {DEFAULT_ID: default.id}
    search = ExperimentSearch(
        conditions=experiment_conditions(body.filter, to_id=lambda given: ids.get(given, given)),
        order=experiment_order(body.order_by or ()),
        lifecycle=to_lifecycle(body.view_type),
    )
    limit = to_limit(body.max_results)
    tokens = PageTokens(call, "experiments", body.filter, body.order_by, search.lifecycle)
    offset = int(tokens.open(body.page_token) or 0)
    found = await call.read(
        lambda s: s.experiments.search(
            call.workspace, search, caller=call.caller, limit=limit + 1, offset=offset
        )
    )
    answer: Json = {"experiments": [from_experiment(one) for one in found[:limit]]}
    if len(found) > limit:
        answer["next_page_token"] = tokens.make(str(offset + limit))
    return answer


async def rename_experiment(call: MlflowCall, body: UpdateExperiment) -> None:
    """Give an experiment another name."""
    name = required(body.new_name, "new_name")
    await _change(call, body.experiment_id, ExperimentChange(name=name))


async def delete_experiment(call: MlflowCall, body: OneExperiment) -> None:
    """Put an experiment away, with its runs."""
    await _change(call, body.experiment_id, ExperimentChange(archived=True))


async def restore_experiment(call: MlflowCall, body: OneExperiment) -> None:
    """Put an experiment back, with the runs that were put away with it."""
    await _change(call, body.experiment_id, ExperimentChange(archived=False))


async def set_experiment_tag(call: MlflowCall, body: ExperimentTag) -> None:
    """Set a tag."""
    key, value = required(body.key, "key"), body.value or ""
    change = ExperimentChange(tag_changes={key: value})
    if key == NOTE_TAG:
        change = ExperimentChange(description=value)
    await _change(call, body.experiment_id, change)


async def delete_experiment_tag(call: MlflowCall, body: ExperimentTag) -> None:
    """Remove a tag."""
    key = required(body.key, "key")
    given = required(body.experiment_id, "experiment_id")
    change = ExperimentChange(tag_changes={key: None})
    if key == NOTE_TAG:
        change = ExperimentChange(description="")

    def remove(services: Services) -> None:
        present = experiment_of(services, call.workspace, given, caller=call.caller)
        if TAG.normal(key) not in _tags(present):
            raise NotFoundError(
                "TagNotFound",
                f"No tag with name: {shown(key)} in experiment with id {shown(given)}.",
                target="key",
                name=key,
            )
        services.experiments.change_by_id(call.workspace, present.id, change, caller=call.caller)

    await call.write(remove)


async def read_experiment(call: MlflowCall, experiment_id: str | None) -> Experiment:
    """Return an experiment; `Default` is created when somebody asks for it.

    Raises:
        NotFoundError: `ExperimentNotFound`.
    """
    given = required(experiment_id, "experiment_id")
    if given != DEFAULT_ID:
        return await call.read(
            lambda s: s.experiments.get_by_id(call.workspace, given, caller=call.caller)
        )
    found = await call.read(lambda s: find_default(s, call.workspace, caller=call.caller))
    if found is not None:
        return found
    return await call.write(lambda s: experiment_of(s, call.workspace, given, caller=call.caller))


def from_experiment(experiment: Experiment) -> Json:
    """Return an experiment as MLflow's message."""
    return {
        "experiment_id": experiment_id_of(experiment),
        "name": experiment.name,
        "artifact_location": EXPERIMENT_ARTIFACTS + experiment_id_of(experiment),
        "lifecycle_stage": lifecycle_stage(experiment.archived_at),
        "last_update_time": from_time(experiment.updated_at),
        "creation_time": from_time(experiment.created_at),
        "tags": pairs_out(_tags(experiment)),
    }


async def _change(call: MlflowCall, experiment_id: str | None, change: ExperimentChange) -> None:
    given = required(experiment_id, "experiment_id")

    def apply(services: Services) -> None:
        present = experiment_of(services, call.workspace, given, caller=call.caller)
        services.experiments.change_by_id(call.workspace, present.id, change, caller=call.caller)

    await call.write(apply)


def _answer(experiment: Experiment) -> Json:
    return {"experiment": from_experiment(experiment)}


def _tags(experiment: Experiment) -> dict[str, str]:
    note = {NOTE_TAG: experiment.description} if experiment.description else {}
    return experiment.tags | note


def _check_location(location: str | None) -> None:
    if (location or "") not in _OUR_ARTIFACTS:
        raise InvalidError(
            "InvalidArtifactLocation",
            f"The artifact location {shown(location)} is not one of this server.",
            target="artifact_location",
            hint="Leave `artifact_location` out: the server keeps artifacts itself.",
        )


ROUTES: Final[list[Route]] = [
    # A script may begin runs in any experiment, and so may make one, as its first run does.
    route(
        "POST", f"{_ROOT}/create", create_experiment, Permission.RUNS_WRITE, shape=CreateExperiment
    ),
    route(
        "GET", f"{_ROOT}/get", show_experiment, Permission.EXPERIMENTS_READ, shape=OneExperiment
    ),
    route(
        "GET",
        f"{_ROOT}/get-by-name",
        show_named_experiment,
        Permission.EXPERIMENTS_READ,
        shape=NamedExperiment,
    ),
    *(
        route(
            method,
            f"{_ROOT}/search",
            search_experiments,
            Permission.EXPERIMENTS_READ,
            shape=SearchExperiments,
        )
        for method in ("GET", "POST")
    ),
    *(
        route("POST", f"{_ROOT}/{name}", handler, Permission.EXPERIMENTS_WRITE, shape=shape)
        for name, handler, shape in (
            ("update", rename_experiment, UpdateExperiment),
            ("delete", delete_experiment, OneExperiment),
            ("restore", restore_experiment, OneExperiment),
            ("set-experiment-tag", set_experiment_tag, ExperimentTag),
            ("delete-experiment-tag", delete_experiment_tag, ExperimentTag),
        )
    ),
]
