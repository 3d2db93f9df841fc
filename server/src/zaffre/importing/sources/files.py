"""MLflow's file store: `mlruns/`, a folder for each thing."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from zaffre.importing import entities
from zaffre.importing.errors import BrokenThingError, ImportingError
from zaffre.importing.places import LocalPlaces, files_below
from zaffre.importing.report import Report
from zaffre.importing.sources.folders import (
    META,
    number,
    read_measures,
    read_meta,
    read_points,
    read_value,
    read_values,
    subfolders,
    text,
)
from zaffre.importing.sources.origins import folder_of_version
from zaffre.importing.words import (
    LOGGED_MODEL_STATUSES,
    PARENT_TAG,
    REMOVED_STAGE,
    STATUSES,
    is_deleted,
)

_TRASH: Final = ".trash"
_MODELS: Final = "models"
_VERSION: Final = "version-"


class FileSource:
    """Implements `Source` over a folder."""

    def __init__(self, root: Path, report: Report) -> None:
        """Open a folder.

        Raises:
            ImportingError: It is none of MLflow's.
        """
        self._root = root.resolve()
        self._report = report
        if not any((folder / META).exists() for folder in self._experiment_folders()):
            raise ImportingError(f"`{root}` is no file store of MLflow: it has no experiments.")

    def experiments(self) -> list[entities.Experiment]:
        """Return every experiment."""
        return [experiment for experiment, _ in self._experiments.values()]

    def runs(self, experiment: entities.Experiment) -> list[entities.RunRef]:
        """Return the runs of an experiment."""
        found = []
        for folder in subfolders(self._experiments[experiment.id][1]):
            # Beside the runs lie datasets, traces and logged models.
            if not (folder / META).exists() and not (folder / "params").exists():
                continue
            with self._report.about(f"run {folder.name}"):
                found.append(_ref(experiment, folder))
        return sorted(found, key=lambda ref: ref.started_at)

    def run(self, ref: entities.RunRef) -> entities.Run:
        """Return a run."""
        folder, meta = ref.within
        tags = read_values(folder / "tags")
        return entities.Run(
            ref=ref,
            name=text(meta, "run_name") or tags.get("mlflow.runName", ""),
            status=_status(meta),
            ended_at=number(meta, "end_time"),
            is_deleted=is_deleted(meta),
            place=str(folder / "artifacts"),
            params=read_values(folder / "params"),
            tags=_with_user(tags, meta),
            datasets=tuple(_datasets(folder)),
            read_models=tuple(
                text(link, "source_id", "destination_id")
                for link in _links(folder / "inputs")
                if _is_of_model(link)
            ),
            made_models=tuple(
                (text(link, "destination_id"), number(link, "step") or 0)
                for link in _links(folder / "outputs")
            ),
        )

    def points(self, run: entities.Run) -> Iterator[entities.Point]:
        """Yield what a run measured."""
        yield from read_points(run.ref.within[0] / "metrics")

    def run_files(self, run: entities.Run) -> Iterator[entities.File]:
        """Yield the files of a run: beside it, or where it says they are."""
        folder, meta = run.ref.within
        if (folder / "artifacts").is_dir():
            yield from files_below(folder / "artifacts")
            return
        place = text(meta, "artifact_uri")
        # A run without files has no folder at its usual place.
        if place and not place.rstrip("/").endswith(f"{folder.name}/artifacts"):
            yield from self._places.files(place)

    def logged_models(self, experiment: entities.Experiment) -> Iterator[entities.LoggedModel]:
        """Yield the logged models of an experiment."""
        for folder in subfolders(self._experiments[experiment.id][1] / _MODELS):
            with self._report.about(f"logged model {folder.name}"):
                yield _logged_model(experiment, folder)

    def logged_model_files(self, model: entities.LoggedModel) -> Iterator[entities.File]:
        """Yield the files of a logged model."""
        yield from self._beside(model.within, model.place)

    def registered_models(self) -> Iterator[entities.RegisteredModel]:
        """Yield every registered model."""
        for folder in subfolders(self._root / _MODELS):
            with self._report.about(f"registered model {folder.name}"):
                yield self._registered(folder)

    def version_files(self, version: entities.Version) -> Iterator[entities.File]:
        """Yield the files of a version."""
        folder = folder_of_version(version, run=self._run_artifacts, model=self._model_artifacts)
        yield from self._places.files(version.place if folder is None else str(folder))

    def traces(self, experiment: entities.Experiment) -> list[entities.Trace]:  # noqa: ARG002 (the protocol's)
        """Return none: file stores keep spans in files that only their program understands."""
        return []

    def close(self) -> None:
        """Do nothing: nothing is open."""

    @cached_property
    def _experiments(self) -> dict[str, tuple[entities.Experiment, Path]]:
        found = {}
        for folder in self._experiment_folders():
            with self._report.about(f"experiment {folder.name}"):
                meta = read_meta(folder)
                experiment = entities.Experiment(
                    id=text(meta, "experiment_id") or folder.name,
                    name=text(meta, "name") or folder.name,
                    place=text(meta, "artifact_location"),
                    is_deleted=is_deleted(meta) or folder.parent.name == _TRASH,
                    tags=read_values(folder / "tags"),
                )
                found[experiment.id] = (experiment, folder)
        return found

    @cached_property
    def _places(self) -> LocalPlaces:
        return LocalPlaces(
            [str(self._root), *(experiment.place for experiment in self.experiments())]
        )

    def _experiment_folders(self) -> list[Path]:
        here = [
            folder
            for folder in subfolders(self._root)
            if folder.name not in {_TRASH, _MODELS} and (folder / META).exists()
        ]
        return here + subfolders(self._root / _TRASH)

    def _beside(self, folder: Path, place: str) -> Iterator[entities.File]:
        artifacts = folder / "artifacts"
        if artifacts.is_dir():
            yield from files_below(artifacts)
        elif place:
            yield from self._places.files(place)

    def _run_artifacts(self, run_id: str) -> Path | None:
        return self._found(run_id, "")

    def _model_artifacts(self, model_id: str) -> Path | None:
        return self._found(model_id, _MODELS)

    def _found(self, name: str, below: str) -> Path | None:
        for _, folder in self._experiments.values():
            artifacts = folder / below / name / "artifacts"
            if artifacts.is_dir():
                return artifacts
        return None

    def _registered(self, folder: Path) -> entities.RegisteredModel:
        meta = read_meta(folder)
        versions = []
        for one in subfolders(folder):
            if one.name.startswith(_VERSION):
                with self._report.about(f"version {folder.name}/{one.name}"):
                    versions.append(_version(read_meta(one), one))
        return entities.RegisteredModel(
            name=text(meta, "name") or folder.name,
            created_at=number(meta, "creation_timestamp") or 0,
            updated_at=number(meta, "last_updated_timestamp", "creation_timestamp") or 0,
            description=text(meta, "description"),
            tags=read_values(folder / "tags"),
            aliases={
                alias: number({"version": value.strip()}, "version") or 0
                for alias, value in read_values(folder / "aliases").items()
            },
            versions=tuple(
                version
                for version in sorted(versions, key=lambda version: version.version)
                if version.stage != REMOVED_STAGE
            ),
        )


def _ref(experiment: entities.Experiment, folder: Path) -> entities.RunRef:
    meta = read_meta(folder)
    parent = folder / "tags" / PARENT_TAG
    return entities.RunRef(
        id=text(meta, "run_id", "run_uuid") or folder.name,
        experiment=experiment,
        parent_id=read_value(parent).strip() if parent.is_file() else None,
        started_at=number(meta, "start_time") or 0,
        within=(folder, meta),
    )


def _status(meta: dict[str, Any]) -> str:
    word = text(meta, "status")
    status = STATUSES.get(word, word)
    if status not in STATUSES.values():
        raise BrokenThingError(f"there is no status `{word[:50]}`")
    return status


def _with_user(tags: dict[str, str], meta: dict[str, Any]) -> dict[str, str]:
    user = text(meta, "user_id")
    return {"mlflow.user": user, **tags} if user else tags


def _links(folder: Path) -> Iterator[dict[str, Any]]:
    for one in subfolders(folder):
        yield read_meta(one)


def _is_of_model(link: dict[str, Any]) -> bool:
    return "MODEL" in text(link, "source_type") + text(link, "destination_type")


def _datasets(folder: Path) -> Iterator[entities.Dataset]:
    for link in _links(folder / "inputs"):
        if _is_of_model(link):
            continue
        read = read_meta(folder.parent / "datasets" / text(link, "source_id"))
        tags = link.get("tags")
        yield entities.Dataset(
            name=text(read, "name"),
            digest=text(read, "digest"),
            source_type=text(read, "source_type"),
            source=text(read, "source"),
            schema=text(read, "schema") or None,
            profile=text(read, "profile") or None,
            tags={str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {},
        )


def _logged_model(experiment: entities.Experiment, folder: Path) -> entities.LoggedModel:
    meta = read_meta(folder)
    status = text(meta, "status")
    return entities.LoggedModel(
        id=text(meta, "model_id") or folder.name,
        experiment=experiment,
        name=text(meta, "name") or folder.name,
        status=LOGGED_MODEL_STATUSES.get(status, status),
        status_message=text(meta, "status_message"),
        created_at=number(meta, "creation_timestamp") or 0,
        updated_at=number(meta, "last_updated_timestamp", "creation_timestamp") or 0,
        place=text(meta, "artifact_location"),
        model_type=text(meta, "model_type"),
        run_id=text(meta, "source_run_id") or None,
        is_deleted=is_deleted(meta),
        params=read_values(folder / "params"),
        tags=read_values(folder / "tags"),
        measures=tuple(read_measures(folder / "metrics")),
        within=folder,
    )


def _version(meta: dict[str, Any], folder: Path) -> entities.Version:
    found = number(meta, "version")
    if found is None:
        raise BrokenThingError("it has no number")
    return entities.Version(
        name=text(meta, "name") or folder.parent.name,
        version=found,
        created_at=number(meta, "creation_timestamp") or 0,
        updated_at=number(meta, "last_updated_timestamp", "creation_timestamp") or 0,
        source=text(meta, "source"),
        run_id=text(meta, "run_id") or None,
        run_link=text(meta, "run_link"),
        logged_model_id=text(meta, "model_id") or None,
        place=text(meta, "storage_location", "source"),
        stage=text(meta, "current_stage") or "None",
        description=text(meta, "description"),
        tags=read_values(folder / "tags"),
    )
