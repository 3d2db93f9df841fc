"""Logged models of MLflow programs: made by runs, and described before anybody registers them."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import to_builtins

from zaffre.domain.access import Permission
from zaffre.domain.artifacts import Child
from zaffre.domain.errors import InvalidError
from zaffre.domain.logged_models import ModelDirection, RunModel
from zaffre.domain.paths import check_path
from zaffre.ports.registry import Dataset, LoggedModelSearch
from zaffre.protocols.mlflow.artifact_files import file_as_answer, find, page_of_children
from zaffre.protocols.mlflow.artifact_places import Owner, Place, folder_of
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.grammar.logged_models import (
    logged_model_conditions,
    logged_model_order,
)
from zaffre.protocols.mlflow.ids import DEFAULT_ID, experiment_of, find_default
from zaffre.protocols.mlflow.logged_model_shapes import (
    DatasetIn,
    DirectoryIn,
    FileIn,
    FinishIn,
    LoggedModelIn,
    LoggedModelSearchIn,
    OutputsIn,
    ParamsIn,
    ShowIn,
    TagsIn,
    artifact_uri,
    logged_model_out,
    status_in,
)
from zaffre.protocols.mlflow.messages import required
from zaffre.protocols.mlflow.model_search import page_size
from zaffre.protocols.mlflow.pages import PageTokens
from zaffre.protocols.mlflow.registry_shapes import pairs_in
from zaffre.protocols.mlflow.routes import Answer, Route, route
from zaffre.services.logged_models import MeasuredModel, NewLoggedModel
from zaffre.services.work import Services

_READ: Final = Permission.RUNS_READ
_WRITE: Final = Permission.RUNS_WRITE
_ROOT: Final = "/api/2.0/mlflow/logged-models"
_ONE: Final = f"{_ROOT}/{{model_id}}"
_SOME: Final = 100
_MOST: Final = 10_000
_MOST_FILES: Final = 10_000
_MOST_EXPERIMENTS: Final = 1000
_MOST_DATASETS: Final = 100
_MOST_KEYS: Final = 10


async def create(call: MlflowCall, body: LoggedModelIn) -> dict[str, Any]:
    """Begin a logged model."""
    given_id = required(body.experiment_id, "experiment_id")

    def use(s: Services) -> MeasuredModel:
        experiment = experiment_of(s, call.workspace, given_id, caller=call.caller)
        new = NewLoggedModel(
            experiment_id=experiment.id,
            name=body.name or None,
            model_type=body.model_type,
            run_id=body.source_run_id or None,
            params=pairs_in(body.params),
            tags=pairs_in(body.tags),
        )
        return s.logged_models.create(call.workspace, new, caller=call.caller)

    return await _changed(call, use)


async def show(call: MlflowCall, body: ShowIn) -> dict[str, Any]:
    """Answer a logged model."""

    def use(s: Services) -> list[dict[str, Any]]:
        found = s.logged_models.get(
            call.workspace,
            _id(call),
            caller=call.caller,
            archived_too=body.allow_deleted,
        )
        return _out(s, call, [found])

    return {"model": (await call.read(use))[0]}


async def finish(call: MlflowCall, body: FinishIn) -> dict[str, Any]:
    """Take the last status of a logged model."""
    status, model_id = status_in(body.status), _id(call)
    return await _changed(
        call,
        lambda s: s.logged_models.finish(call.workspace, model_id, status, caller=call.caller),
    )


async def delete(call: MlflowCall) -> None:
    """Put a logged model away."""
    model_id = _id(call)
    await call.write(
        lambda s: s.logged_models.archive(call.workspace, model_id, caller=call.caller)
    )


async def set_tags(call: MlflowCall, body: TagsIn) -> dict[str, Any]:
    """Set tags."""
    tags, model_id = pairs_in(body.tags), _id(call)
    return await _changed(
        call, lambda s: s.logged_models.tag(call.workspace, model_id, tags, caller=call.caller)
    )


async def delete_tag(call: MlflowCall) -> None:
    """Remove a tag."""
    model_id, key = _id(call), call.params["path"]
    await call.write(
        lambda s: s.logged_models.tag(call.workspace, model_id, {key: None}, caller=call.caller)
    )


async def log_params(call: MlflowCall, body: ParamsIn) -> None:
    """Add params."""
    model_id, params = _id(call), pairs_in(body.params)
    await call.write(
        lambda s: s.logged_models.log_params(call.workspace, model_id, params, caller=call.caller)
    )


async def search(call: MlflowCall, body: LoggedModelSearchIn) -> dict[str, Any]:
    """Search logged models."""
    experiment_ids = required(body.experiment_ids, "experiment_ids")
    _check_size(body)
    limit = page_size(body.max_results, some=_SOME, most=_MOST) + 1
    tokens = PageTokens(
        call, "logged-models", experiment_ids, body.filter, to_builtins(body.order_by)
    )
    offset = int(tokens.open(body.page_token) or 0)
    order = [
        (
            logged_model_order(required(key.field_name, "field_name"), ascending=key.ascending),
            Dataset(key.dataset_name or None, key.dataset_digest or None)
            if key.dataset_name or key.dataset_digest
            else None,
        )
        for key in body.order_by
    ]
    datasets = [_dataset(dataset) for dataset in body.datasets]

    def use(s: Services) -> list[dict[str, Any]]:
        default = find_default(s, call.workspace, caller=call.caller)

        def ours(given: str) -> str:
            return default.id if default is not None and given == DEFAULT_ID else given

        wanted = LoggedModelSearch(
            experiment_ids=[ours(given) for given in experiment_ids],
            conditions=logged_model_conditions(body.filter, to_experiment=ours),
            order=order,
            datasets=datasets,
            limit=limit,
            offset=offset,
        )
        return _out(s, call, s.logged_models.search(call.workspace, wanted, caller=call.caller))

    found = await call.read(use)
    out: dict[str, Any] = {"models": found[: limit - 1]}
    if len(found) == limit:
        out["next_page_token"] = tokens.make(str(offset + limit - 1))
    return out


async def list_files(call: MlflowCall, body: DirectoryIn) -> dict[str, Any]:
    """List a folder of a logged model."""
    model_id = _id(call)
    folder = folder_of(body.artifact_directory_path)
    if folder:
        folder = check_path(folder, target="artifact_directory_path")
    await call.read(lambda s: s.logged_models.get(call.workspace, model_id, caller=call.caller))
    place = Place(Owner.LOGGED_MODEL, model_id, folder)
    page, token = await page_of_children(call, place, size=_MOST_FILES, token=body.page_token)
    out: dict[str, Any] = {
        "root_uri": artifact_uri(model_id),
        "files": [_file(folder, child) for child in page],
    }
    return out | ({"next_page_token": token} if token else {})


async def download(call: MlflowCall, asked: FileIn) -> Answer:
    """Answer a file of a logged model."""
    path, model_id = required(asked.artifact_file_path, "artifact_file_path"), _id(call)
    await call.read(lambda s: s.logged_models.get(call.workspace, model_id, caller=call.caller))
    place = Place(Owner.LOGGED_MODEL, model_id, path)
    return await file_as_answer(call, await find(call, place))


async def log_outputs(call: MlflowCall, body: OutputsIn) -> None:
    """Note which logged models a run made."""
    run_id = required(body.run_id, "run_id")
    made = [
        RunModel(ModelDirection.OUTPUT, required(one.model_id, "model_id"), one.step)
        for one in body.models
    ]
    await call.write(
        lambda s: s.logged_models.link(call.workspace, run_id, made, caller=call.caller)
    )


def _id(call: MlflowCall) -> str:
    return call.params["model_id"]


async def _changed(call: MlflowCall, use: Callable[[Services], MeasuredModel]) -> dict[str, Any]:
    shown = await call.write(lambda s: _out(s, call, [use(s)]))
    return {"model": shown[0]}


def _file(folder: str, child: Child) -> dict[str, Any]:
    path = f"{folder}/{child.name}" if folder else child.name
    if child.is_folder:
        return {"path": path, "is_dir": True}
    return {"path": path, "is_dir": False, "file_size": child.size}


def _check_size(body: LoggedModelSearchIn) -> None:
    for target, given, most in (
        ("experiment_ids", body.experiment_ids, _MOST_EXPERIMENTS),
        ("datasets", body.datasets, _MOST_DATASETS),
        ("order_by", body.order_by, _MOST_KEYS),
    ):
        if len(given) > most:
            raise InvalidError(
                "TooMany", f"There are {len(given)} {target}; at most {most} fit.", target=target
            )


def _dataset(said: DatasetIn) -> Dataset:
    return Dataset(required(said.dataset_name, "dataset_name"), said.dataset_digest or None)


def _out(s: Services, call: MlflowCall, found: list[MeasuredModel]) -> list[dict[str, Any]]:
    default = find_default(s, call.workspace, caller=call.caller)
    default_id = default.id if default is not None else None
    return [
        logged_model_out(
            one,
            DEFAULT_ID if one.model.experiment_id == default_id else one.model.experiment_id,
        )
        for one in found
    ]


ROUTES: Final[list[Route]] = [
    route("POST", _ROOT, create, _WRITE, shape=LoggedModelIn),
    route("POST", f"{_ROOT}/search", search, _READ, shape=LoggedModelSearchIn),
    route("GET", _ONE, show, _READ, shape=ShowIn),
    route("PATCH", _ONE, finish, _WRITE, shape=FinishIn),
    route("DELETE", _ONE, delete, _WRITE),
    route("PATCH", f"{_ONE}/tags", set_tags, _WRITE, shape=TagsIn),
    route("DELETE", f"{_ONE}/tags/{{path...}}", delete_tag, _WRITE),
    route("POST", f"{_ONE}/params", log_params, _WRITE, shape=ParamsIn),
    route("GET", f"{_ONE}/artifacts/directories", list_files, _READ, shape=DirectoryIn),
    route("GET", f"{_ONE}/artifacts/files", download, _READ, shape=FileIn),
    route("POST", "/api/2.0/mlflow/runs/outputs", log_outputs, _WRITE, shape=OutputsIn),
]
