"""MLflow servers, asked as its own programs ask them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from zaffre.importing import entities
from zaffre.importing.errors import OutOfReachError
from zaffre.importing.report import Report
from zaffre.importing.sources.origins import in_logged_model, in_run
from zaffre.importing.sources.web import AbsentError, Web
from zaffre.importing.words import PARENT_TAG, PROMPT_TAG, is_deleted, is_prompt

Json = dict[str, Any]
Listed = Callable[[str], Iterator[Json]]
_API: Final = "/api/2.0/mlflow"
_FILES: Final = "/api/2.0/mlflow-artifacts/artifacts"
_TRACES: Final = "/api/3.0/mlflow/traces"
_PROXIED: Final = "mlflow-artifacts:"
_PAGE: Final = 500
_HISTORY: Final = 25_000
_ELSEWHERE: Final = (
    "its server says neither a run nor a logged model, and does not serve it itself"
)


class HttpSource:
    """Implements `Source` over a server."""

    def __init__(self, url: str, report: Report, *, environment: Mapping[str, str]) -> None:
        self._web = Web(url, environment)
        self._report = report

    def experiments(self) -> Iterator[entities.Experiment]:
        """Yield every experiment."""
        body = {"max_results": _PAGE, "view_type": "ALL"}
        for one in self._web.pages(f"{_API}/experiments/search", body, "experiments"):
            yield entities.Experiment(
                id=one["experiment_id"],
                name=one["name"],
                place=one.get("artifact_location", ""),
                is_deleted=is_deleted(one),
                tags=_pairs(one.get("tags")),
            )

    def runs(self, experiment: entities.Experiment) -> Iterator[entities.RunRef]:
        """Yield the runs of an experiment."""
        body = {
            "experiment_ids": [experiment.id],
            "run_view_type": "ALL",
            "max_results": _PAGE,
            "order_by": ["attributes.start_time ASC"],
        }
        for run in self._web.pages(f"{_API}/runs/search", body, "runs"):
            info = run["info"]
            yield entities.RunRef(
                id=info.get("run_id") or info["run_uuid"],
                experiment=experiment,
                parent_id=_pairs(run.get("data", {}).get("tags")).get(PARENT_TAG),
                started_at=int(info.get("start_time") or 0),
                within=run,
            )

    def run(self, ref: entities.RunRef) -> entities.Run:
        """Return a run."""
        info, data = ref.within["info"], ref.within.get("data", {})
        inputs, outputs = ref.within.get("inputs") or {}, ref.within.get("outputs") or {}
        tags = _pairs(data.get("tags"))
        if info.get("user_id"):
            tags = {"mlflow.user": info["user_id"], **tags}
        ended = info.get("end_time")
        return entities.Run(
            ref=ref,
            name=info.get("run_name") or tags.get("mlflow.runName", ""),
            status=info["status"],
            ended_at=int(ended) if ended else None,
            is_deleted=is_deleted(info),
            place=info.get("artifact_uri", ""),
            params=_pairs(data.get("params")),
            tags=tags,
            datasets=tuple(_dataset(one) for one in inputs.get("dataset_inputs") or ()),
            read_models=tuple(one["model_id"] for one in inputs.get("model_inputs") or ()),
            made_models=tuple(
                (one["model_id"], int(one.get("step") or 0))
                for one in outputs.get("model_outputs") or ()
            ),
        )

    def points(self, run: entities.Run) -> Iterator[entities.Point]:
        """Yield what a run measured."""
        names = {metric["key"] for metric in run.ref.within.get("data", {}).get("metrics") or ()}
        for name in sorted(names):
            asked = {"run_id": run.ref.id, "metric_key": name, "max_results": _HISTORY}
            for one in self._web.listed(f"{_API}/metrics/get-history", asked, "metrics"):
                time, step = int(one["timestamp"]), int(one.get("step") or 0)
                yield entities.Point(name, float(one.get("value") or 0.0), time, step)

    def run_files(self, run: entities.Run) -> Iterator[entities.File]:
        """Yield the files of a run."""
        yield from self._files_of_run(run.ref.id, "")

    def logged_models(self, experiment: entities.Experiment) -> Iterator[entities.LoggedModel]:
        """Yield the logged models of an experiment; older servers have none."""
        body = {"experiment_ids": [experiment.id], "max_results": 50}
        with suppress(AbsentError):
            for one in self._web.pages(f"{_API}/logged-models/search", body, "models"):
                yield _logged_model(experiment, one)

    def logged_model_files(self, model: entities.LoggedModel) -> Iterator[entities.File]:
        """Yield the files of a logged model."""
        yield from self._files_of_model(model.id, "")

    def registered_models(self) -> Iterator[entities.RegisteredModel]:
        """Yield every registered model and prompt."""
        seen = set()
        for asked in ("", f"tags.`{PROMPT_TAG}` = 'true'"):
            body = {"max_results": 100, **({"filter": asked} if asked else {})}
            # With GET, which servers of every version know for models.
            path = f"{_API}/registered-models/search"
            for one in self._web.listed(path, body, "registered_models"):
                if one["name"] not in seen:
                    seen.add(one["name"])
                    with self._report.about(f"registered model {one['name']}"):
                        yield self._registered(one)

    def version_files(self, version: entities.Version) -> Iterator[entities.File]:
        """Yield the files of a version: those of its run or its logged model, or its own."""
        for place in (version.place, version.source):
            model = in_logged_model(place)
            if model is not None:
                yield from self._files_of_model(*model)
                return
            run = in_run(place)
            if run is not None:
                yield from self._files_of_run(*run)
                return
        if not version.place.startswith(_PROXIED):
            raise OutOfReachError(version.place, _ELSEWHERE)
        yield from self._proxied(version.place.removeprefix(_PROXIED).strip("/"))

    def traces(self, experiment: entities.Experiment) -> Iterator[entities.Trace]:
        """Yield the traces of an experiment; older servers have none that can be asked for."""
        place = {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": experiment.id},
        }
        body = {"locations": [place], "max_results": 100}
        with suppress(AbsentError):
            for info in self._web.pages(f"{_TRACES}/search", body, "traces"):
                with self._report.about(f"trace {info['trace_id']}"):
                    yield self._trace(experiment, info)

    def close(self) -> None:
        """Close every connection."""
        self._web.close()

    def _registered(self, one: Json) -> entities.RegisteredModel:
        name, tags = one["name"], _pairs(one.get("tags"))
        quote = '"' if "'" in name else "'"
        asked = f"name = {quote}{name}{quote}"
        if is_prompt(tags):
            asked += f" AND tags.`{PROMPT_TAG}` = 'true'"
        body = {"filter": asked, "max_results": 1000}
        found = self._web.listed(f"{_API}/model-versions/search", body, "model_versions")
        versions = [self._version(version) for version in found]
        return entities.RegisteredModel(
            name=name,
            created_at=int(one.get("creation_timestamp") or 0),
            updated_at=int(one.get("last_updated_timestamp") or 0),
            description=one.get("description", ""),
            tags=tags,
            aliases={alias["alias"]: int(alias["version"]) for alias in one.get("aliases") or ()},
            versions=tuple(sorted(versions, key=lambda version: version.version)),
        )

    def _version(self, one: Json) -> entities.Version:
        tags = _pairs(one.get("tags"))
        place = one.get("source", "")
        if not is_prompt(tags):
            asked = {"name": one["name"], "version": one["version"]}
            place = self._web.get(f"{_API}/model-versions/get-download-uri", asked)["artifact_uri"]
        created = int(one.get("creation_timestamp") or 0)
        return entities.Version(
            name=one["name"],
            version=int(one["version"]),
            created_at=created,
            updated_at=int(one.get("last_updated_timestamp") or created),
            source=one.get("source", ""),
            run_id=one.get("run_id") or None,
            run_link=one.get("run_link", ""),
            logged_model_id=one.get("model_id") or None,
            place=place,
            stage=one.get("current_stage") or "None",
            description=one.get("description", ""),
            tags=tags,
        )

    def _trace(self, experiment: entities.Experiment, info: Json) -> entities.Trace:
        this = info["trace_id"]
        spans: list[Json] = []
        with suppress(AbsentError):
            found = self._web.get(f"{_TRACES}/get", {"trace_id": this, "allow_partial": "true"})
            spans = found.get("trace", {}).get("spans") or []
        kept = {key: value for key, value in info.items() if key != "assessments"}
        return entities.Trace(
            id=this,
            experiment=experiment,
            info=kept,
            spans=tuple(spans),
            assessments=tuple(info.get("assessments") or ()),
        )

    def _files_of_run(self, run_id: str, path: str) -> Iterator[entities.File]:
        def listed(folder: str) -> Iterator[Json]:
            asked = {"run_id": run_id, "path": folder}
            return self._web.listed(f"{_API}/artifacts/list", asked, "files")

        def fetch(file: str) -> AbstractContextManager[Path]:
            return self._web.file("/get-artifact", {"run_uuid": run_id, "path": file})

        yield from _walked(listed, fetch, path)

    def _files_of_model(self, model_id: str, path: str) -> Iterator[entities.File]:
        root = f"{_API}/logged-models/{model_id}/artifacts"

        def listed(folder: str) -> Iterator[Json]:
            page = self._web.get(f"{root}/directories", {"artifact_directory_path": folder})
            yield from page.get("files") or ()

        def fetch(file: str) -> AbstractContextManager[Path]:
            files = f"/ajax-api{root.removeprefix('/api')}/files"
            return self._web.file(files, {"artifact_file_path": file})

        yield from _walked(listed, fetch, path)

    def _proxied(self, path: str) -> Iterator[entities.File]:
        def listed(folder: str) -> Iterator[Json]:
            for one in self._web.get(_FILES, {"path": folder}).get("files") or ():
                yield {**one, "path": f"{folder}/{one['path']}"}

        def fetch(file: str) -> AbstractContextManager[Path]:
            return self._web.file(f"{_FILES}/{file}", {})

        yield from _walked(listed, fetch, path)


def _walked(
    listed: Listed, fetch: Callable[[str], AbstractContextManager[Path]], top: str
) -> Iterator[entities.File]:
    """Yield the files below a folder, by paths that begin there."""
    waiting = [top]
    while waiting:
        for one in listed(waiting.pop()):
            path = one["path"]
            if one.get("is_dir"):
                waiting.append(path)
            else:
                inside = path[len(top) :].lstrip("/") if top else path
                yield entities.File(inside, partial(fetch, path))


def _pairs(pairs: list[Json] | None) -> dict[str, str]:
    return {pair["key"]: pair.get("value") or "" for pair in pairs or ()}


def _dataset(read: Json) -> entities.Dataset:
    said = read["dataset"]
    return entities.Dataset(
        name=said["name"],
        digest=said["digest"],
        source_type=said.get("source_type", ""),
        source=said.get("source", ""),
        schema=said.get("schema"),
        profile=said.get("profile"),
        tags=_pairs(read.get("tags")),
    )


def _logged_model(experiment: entities.Experiment, one: Json) -> entities.LoggedModel:
    info, data = one["info"], one.get("data") or {}
    return entities.LoggedModel(
        id=info["model_id"],
        experiment=experiment,
        name=info["name"],
        status=info["status"],
        status_message=info.get("status_message", ""),
        created_at=int(info["creation_timestamp_ms"]),
        updated_at=int(info["last_updated_timestamp_ms"]),
        place=info.get("artifact_uri", ""),
        model_type=info.get("model_type", ""),
        run_id=info.get("source_run_id") or None,
        params=_pairs(data.get("params")),
        tags=_pairs(info.get("tags")),
        measures=tuple(
            entities.Measure(
                name=metric["key"],
                value=float(metric.get("value") or 0.0),
                time=int(metric["timestamp"]),
                step=int(metric.get("step") or 0),
                run_id=metric.get("run_id") or None,
                dataset_name=metric.get("dataset_name") or None,
                dataset_digest=metric.get("dataset_digest") or None,
            )
            for metric in data.get("metrics") or ()
        ),
    )
