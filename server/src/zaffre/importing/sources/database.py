"""MLflow's databases, as version 2.9 and later write them."""

import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from zaffre.importing import entities
from zaffre.importing.errors import BrokenThingError, OutOfReachError
from zaffre.importing.places import LocalPlaces
from zaffre.importing.report import Report
from zaffre.importing.sources.database_traces import trace_of
from zaffre.importing.sources.origins import folder_of_version
from zaffre.importing.sources.tables import Row, Tables
from zaffre.importing.words import (
    LOGGED_MODEL_STATUSES,
    PARENT_TAG,
    REMOVED_STAGE,
    is_deleted,
)


class DatabaseSource:
    """Implements `Source` over a database."""

    def __init__(self, url: str, report: Report) -> None:
        self._tables = Tables(url)
        self._report = report

    def experiments(self) -> list[entities.Experiment]:
        """Return every experiment."""
        return list(self._experiments.values())

    def runs(self, experiment: entities.Experiment) -> list[entities.RunRef]:
        """Return the runs of an experiment."""
        rows = list(self._tables.rows("runs", {"experiment_id": int(experiment.id)}))
        parents = self._parents
        found = [
            entities.RunRef(
                id=row["run_uuid"],
                experiment=experiment,
                parent_id=parents.get(row["run_uuid"]),
                started_at=row["start_time"] or 0,
                within=row,
            )
            for row in rows
        ]
        return sorted(found, key=lambda ref: (ref.started_at, ref.id))

    def run(self, ref: entities.RunRef) -> entities.Run:
        """Return a run."""
        row: Row = ref.within
        tags = self._tables.pairs("tags", {"run_uuid": ref.id}, key="key", value="value")
        if row.get("user_id"):
            tags = {"mlflow.user": row["user_id"], **tags}
        made = self._tables.rows(
            "inputs", {"source_id": ref.id, "destination_type": "MODEL_OUTPUT"}
        )
        links = list(self._tables.rows("inputs", {"destination_id": ref.id}))
        read = self._tables.rows(
            "inputs", {"source_id": ref.id, "destination_type": "MODEL_INPUT"}
        )
        return entities.Run(
            ref=ref,
            name=row.get("name") or tags.get("mlflow.runName", ""),
            status=row["status"],
            ended_at=row["end_time"],
            is_deleted=is_deleted(row),
            place=row["artifact_uri"] or "",
            params=self._tables.pairs("params", {"run_uuid": ref.id}, key="key", value="value"),
            tags=tags,
            datasets=tuple(
                self._dataset(link) for link in links if link["source_type"] == "DATASET"
            ),
            read_models=tuple(link["destination_id"] for link in read),
            made_models=tuple((link["destination_id"], link.get("step") or 0) for link in made),
        )

    def points(self, run: entities.Run) -> Iterator[entities.Point]:
        """Yield what a run measured."""
        order = ("key", "timestamp", "step", "value")
        for row in self._tables.rows("metrics", {"run_uuid": run.ref.id}, order=order):
            value = math.nan if row["is_nan"] else float(row["value"])
            yield entities.Point(row["key"], value, row["timestamp"], row["step"] or 0)

    def run_files(self, run: entities.Run) -> Iterator[entities.File]:
        """Yield the files of a run."""
        if run.place:
            yield from self._places.files(run.place, may_lack=True)

    def logged_models(self, experiment: entities.Experiment) -> Iterator[entities.LoggedModel]:
        """Yield the logged models of an experiment."""
        for row in self._tables.rows("logged_models", {"experiment_id": int(experiment.id)}):
            with self._report.about(f"logged model {row['model_id']}"):
                yield self._logged_model(experiment, row)

    def logged_model_files(self, model: entities.LoggedModel) -> Iterator[entities.File]:
        """Yield the files of a logged model."""
        yield from self._places.files(model.place, may_lack=True)

    def registered_models(self) -> Iterator[entities.RegisteredModel]:
        """Yield every registered model and prompt."""
        for row in self._tables.rows("registered_models", order=("name",)):
            with self._report.about(f"registered model {row['name']}"):
                yield self._registered(row)

    def version_files(self, version: entities.Version) -> Iterator[entities.File]:
        """Yield the files of a version."""
        folder = folder_of_version(version, run=self._run_folder, model=self._model_folder)
        yield from self._places.files(version.place if folder is None else str(folder))

    def traces(self, experiment: entities.Experiment) -> Iterator[entities.Trace]:
        """Yield the traces of an experiment."""
        order = ("timestamp_ms",)
        rows = self._tables.rows("trace_info", {"experiment_id": int(experiment.id)}, order=order)
        for row in rows:
            with self._report.about(f"trace {row['request_id']}"):
                yield trace_of(self._tables, experiment, row)

    def close(self) -> None:
        """Close the database."""
        self._tables.close()

    @cached_property
    def _experiments(self) -> dict[str, entities.Experiment]:
        found = {}
        for row in self._tables.rows("experiments", order=("experiment_id",)):
            given = row["experiment_id"]
            found[str(given)] = entities.Experiment(
                id=str(given),
                name=row["name"],
                place=row["artifact_location"] or "",
                is_deleted=is_deleted(row),
                tags=self._tables.pairs(
                    "experiment_tags", {"experiment_id": given}, key="key", value="value"
                ),
            )
        return found

    @cached_property
    def _parents(self) -> dict[str, str]:
        rows = self._tables.rows("tags", {"key": PARENT_TAG})
        return {row["run_uuid"]: row["value"] for row in rows if row["value"]}

    @cached_property
    def _places(self) -> LocalPlaces:
        return LocalPlaces(one.place for one in self.experiments() if one.place)

    def _dataset(self, link: Row) -> entities.Dataset:
        row = next(self._tables.rows("datasets", {"dataset_uuid": link["source_id"]}), None)
        if row is None:
            raise BrokenThingError("a dataset that it read is gone")
        return entities.Dataset(
            name=row["name"],
            digest=row["digest"],
            source_type=row["dataset_source_type"] or "",
            source=row["dataset_source"] or "",
            schema=row["dataset_schema"],
            profile=row["dataset_profile"],
            tags=self._tables.pairs(
                "input_tags", {"input_uuid": link["input_uuid"]}, key="name", value="value"
            ),
        )

    def _logged_model(self, experiment: entities.Experiment, row: Row) -> entities.LoggedModel:
        this = row["model_id"]
        status = str(row["status"])
        return entities.LoggedModel(
            id=this,
            experiment=experiment,
            name=row["name"],
            status=LOGGED_MODEL_STATUSES.get(status, status),
            status_message=row["status_message"] or "",
            created_at=row["creation_timestamp_ms"],
            updated_at=row["last_updated_timestamp_ms"],
            place=row["artifact_location"],
            model_type=row["model_type"] or "",
            run_id=row["source_run_id"],
            is_deleted=is_deleted(row),
            params=self._tables.pairs(
                "logged_model_params", {"model_id": this}, key="param_key", value="param_value"
            ),
            tags=self._tables.pairs(
                "logged_model_tags", {"model_id": this}, key="tag_key", value="tag_value"
            ),
            measures=tuple(self._measures(this)),
        )

    def _measures(self, model_id: str) -> Iterator[entities.Measure]:
        order = ("metric_timestamp_ms", "metric_step", "metric_name")
        for row in self._tables.rows("logged_model_metrics", {"model_id": model_id}, order=order):
            value = row["metric_value"]
            yield entities.Measure(
                name=row["metric_name"],
                value=math.nan if value is None else float(value),
                time=row["metric_timestamp_ms"],
                step=row["metric_step"],
                run_id=row["run_id"],
                dataset_name=row["dataset_name"],
                dataset_digest=row["dataset_digest"],
            )

    def _registered(self, row: Row) -> entities.RegisteredModel:
        name = row["name"]
        where = {"workspace": row["workspace"]} if "workspace" in row else {}
        aliases = self._tables.rows("registered_model_aliases", {"name": name, **where})
        versions = self._tables.rows("model_versions", {"name": name, **where}, order=("version",))
        return entities.RegisteredModel(
            name=name,
            created_at=row["creation_time"] or 0,
            updated_at=row["last_updated_time"] or row["creation_time"] or 0,
            description=row["description"] or "",
            tags=self._tables.pairs(
                "registered_model_tags", {"name": name, **where}, key="key", value="value"
            ),
            aliases={alias["alias"]: alias["version"] for alias in aliases},
            versions=tuple(
                self._version(one, where)
                for one in versions
                if one["current_stage"] != REMOVED_STAGE
            ),
        )

    def _version(self, row: Row, where: dict[str, Any]) -> entities.Version:
        tags = self._tables.pairs(
            "model_version_tags",
            {"name": row["name"], "version": row["version"], **where},
            key="key",
            value="value",
        )
        return entities.Version(
            name=row["name"],
            version=row["version"],
            created_at=row["creation_time"] or 0,
            updated_at=row["last_updated_time"] or row["creation_time"] or 0,
            source=row["source"] or "",
            run_id=row["run_id"] or None,
            run_link=row["run_link"] or "",
            logged_model_id=tags.get("mlflow.model_id"),
            place=row.get("storage_location") or row["source"] or "",
            stage=row["current_stage"] or "None",
            description=row["description"] or "",
            tags=tags,
        )

    def _run_folder(self, run_id: str) -> Path | None:
        return self._folder("runs", {"run_uuid": run_id}, "artifact_uri")

    def _model_folder(self, model_id: str) -> Path | None:
        return self._folder("logged_models", {"model_id": model_id}, "artifact_location")

    def _folder(self, table: str, where: Row, column: str) -> Path | None:
        row = next(self._tables.rows(table, where), None)
        if row is None or not row[column]:
            return None
        try:
            return self._places.folder(row[column])
        except OutOfReachError:
            return None
