"""Runs: each is created under its id, gets what it logged and its files, and ends as it did."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from zaffre_sdk.errors import ConflictError
from zaffre_sdk.wire.metrics import BatchIn, Columns
from zaffre_sdk.wire.runs import RunChange, RunIn, RunOut, RunSpec

from zaffre.importing.entities import Dataset, Point, Run, RunRef
from zaffre.importing.errors import BrokenThingError
from zaffre.importing.report import Report
from zaffre.importing.sending import send_files
from zaffre.importing.sources.source import Source
from zaffre.importing.target import Target
from zaffre.importing.words import ENDED, NAME_TAG, NOTE_TAG, PARENT_TAG

DATA_DONE: Final = "zaffre.import.data"
FILES_DONE: Final = "zaffre.import.files"
"""Properties that say what of a run has come; programs of MLflow do not see properties."""

_DONE: Final = "done"
_PAIRS: Final = 100
_POINTS: Final = 10_000
_DOOR_POINTS: Final = 1000


class RunWriter:
    """Brings runs; from several threads, one run each."""

    def __init__(self, source: Source, target: Target, report: Report, *, files: bool) -> None:
        self._source = source
        self._target = target
        self._report = report
        self._files = files

    def is_done(self, properties: Mapping[str, str]) -> bool:
        """Tell whether everything of a run with these properties came before."""
        return DATA_DONE in properties and (not self._files or FILES_DONE in properties)

    def bring(self, ref: RunRef, *, parent_id: str | None, there: bool) -> None:
        """Bring a run, or what of it is still to come.

        Args:
            ref: The run.
            parent_id: The run that it is to be below.
            there: Whether it is in the workspace.
        """
        with self._report.about(f"run {ref.id}"):
            run = self._source.run(ref)
            present = (
                self._target.native.runs.get(ref.id) if there else self._create(run, parent_id)
            )
            if self.is_done(present.properties):
                self._report.was_there("runs")
                return
            is_new = present.state == "Running" and not there
            if not is_new and run.is_deleted:
                # It was put away, and what is put away takes nothing.
                self._target.mlflow("2.0/mlflow/runs/restore", {"run_id": ref.id})
            if DATA_DONE not in present.properties:
                self._log(run, present, is_new=is_new)
            whole = not self._files or self._bring_files(run, is_new=is_new)
            self._end(run)
            self._mark(run, present, files=self._files and whole)
            (self._report.came if is_new else self._report.was_there)("runs")

    def _create(self, run: Run, parent_id: str | None) -> RunOut:
        ref = run.ref
        hidden = {NAME_TAG, NOTE_TAG} | ({PARENT_TAG} if parent_id else set())
        new = RunIn(
            id=ref.id,
            experiment=ref.experiment.name,
            spec=RunSpec(kind="interactive"),
            parent_id=parent_id,
            display_name=run.name or None,
            tags={key: value for key, value in run.tags.items() if key not in hidden},
            started_at=ref.started_at / 1000 if ref.started_at else None,
        )
        try:
            return self._target.native.runs.create(new)
        except ConflictError as error:
            if error.code != "RunExists":
                raise
            # It was put elsewhere in the tree since.
            return self._target.native.runs.get(ref.id)

    def _log(self, run: Run, present: RunOut, *, is_new: bool) -> None:
        tags = {key: value for key, value in run.tags.items() if key not in {NAME_TAG, PARENT_TAG}}
        if is_new:
            tags = {key: value for key, value in tags.items() if key == NOTE_TAG}
        else:
            there = present.tags.keys() | ({NOTE_TAG} if present.description else set())
            tags = {key: value for key, value in tags.items() if key not in there}
        for params, some in _in_parts(run.params, tags):
            body = {"run_id": run.ref.id, "params": _pairs(params), "tags": _pairs(some)}
            self._target.mlflow("2.0/mlflow/runs/log-batch", body)
        self._send_points(run, is_new=is_new)
        if run.datasets:
            body = {"run_id": run.ref.id, "datasets": [_dataset(one) for one in run.datasets]}
            self._target.mlflow("2.0/mlflow/runs/log-inputs", body)
        if run.read_models or run.made_models:
            self._link_models(run)

    def _send_points(self, run: Run, *, is_new: bool) -> None:
        """Send those values of each metric that are behind the ones that came before."""
        metrics = self._target.native.metrics
        known = {} if is_new else {one.name: one.count for one in metrics.summaries(run.ref.id)}
        points = _behind(self._source.points(run), known)
        sent = sum(known.values())
        while some := list(islice(points, _POINTS)):
            if any(point.step < 0 for point in some):
                self._send_odd(run, some)
            else:
                # Its number is its place, so that a batch whose answer was lost is kept once.
                batch = BatchIn(writer=f"import-{sent}", sequence=1, columns=_columns(some))
                metrics.send(run.ref.id, batch)
            sent += len(some)
            self._report.came("metric values", len(some))

    def _send_odd(self, run: Run, points: list[Point]) -> None:
        """Send values with steps below 0, which only programs of MLflow log."""
        for start in range(0, len(points), _DOOR_POINTS):
            some = points[start : start + _DOOR_POINTS]
            body = {"run_id": run.ref.id, "metrics": [_metric(point) for point in some]}
            self._target.mlflow("2.0/mlflow/runs/log-batch", body)

    def _link_models(self, run: Run) -> None:
        """Say which logged models a run made and read."""
        with self._report.about(f"models of run {run.ref.id}"):
            if run.read_models:
                models = [{"model_id": model_id} for model_id in run.read_models]
                body = {"run_id": run.ref.id, "models": models}
                self._target.mlflow("2.0/mlflow/runs/log-inputs", body)
            if run.made_models:
                made = [{"model_id": model_id, "step": step} for model_id, step in run.made_models]
                body = {"run_id": run.ref.id, "models": made}
                self._target.mlflow("2.0/mlflow/runs/outputs", body)

    def _bring_files(self, run: Run, *, is_new: bool) -> bool:
        """Send what is not there; tell whether all of it could be read."""
        there = {}
        if not is_new:
            listed = self._target.native.artifacts.list(run.ref.id)
            there = {artifact.path: (artifact.size, artifact.digest) for artifact in listed}
        return send_files(
            self._source.run_files(run),
            self._target,
            self._report,
            place=f"runs/{run.ref.id}",
            about=f"files of run {run.ref.id}",
            there=there,
        )

    def _end(self, run: Run) -> None:
        if run.status != "RUNNING":
            body = {"run_id": run.ref.id, "status": run.status, "end_time": run.ended_at}
            self._target.mlflow("2.0/mlflow/runs/update", body)
        if run.is_deleted:
            self._target.mlflow("2.0/mlflow/runs/delete", {"run_id": run.ref.id})

    def _mark(self, run: Run, present: RunOut, *, files: bool) -> None:
        """Note what has come; a run that goes on is looked at again each time."""
        if run.status not in ENDED:
            return
        done = {DATA_DONE: _DONE, **({FILES_DONE: _DONE} if files else {})}
        if done.keys() - present.properties.keys():
            self._target.native.runs.change(run.ref.id, RunChange(properties=done))


def _behind(points: Iterator[Point], known: Mapping[str, int]) -> Iterator[Point]:
    """Yield the points of each metric but the first so many."""
    left = Counter(known)
    for point in points:
        if left[point.name] > 0:
            left[point.name] -= 1
        else:
            yield point


def _columns(points: list[Point]) -> Columns:
    indexes: dict[str, int] = {}
    order = [indexes.setdefault(point.name, len(indexes)) for point in points]
    return Columns(
        names=list(indexes),
        order=order if len(indexes) > 1 else None,
        times=[point.time / 1000 for point in points],
        values=[point.value for point in points],
        steps=[point.step for point in points],
    )


def _metric(point: Point) -> dict[str, Any]:
    value: float | str = point.value
    if not math.isfinite(point.value):
        value = "NaN" if math.isnan(point.value) else f"{'-' * (point.value < 0)}Infinity"
    return {"key": point.name, "value": value, "timestamp": point.time, "step": point.step}


def _in_parts(
    params: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield both in parts that one request takes."""
    first, second = list(params.items()), list(tags.items())
    for start in range(0, max(len(first), len(second)), _PAIRS):
        end = start + _PAIRS
        yield dict(first[start:end]), dict(second[start:end])


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _dataset(read: Dataset) -> dict[str, Any]:
    if not read.name or not read.digest:
        raise BrokenThingError("a dataset that it read has no name or no digest")
    dataset = {
        "name": read.name,
        "digest": read.digest,
        "source_type": read.source_type,
        "source": read.source,
        "schema": read.schema,
        "profile": read.profile,
    }
    return {"dataset": dataset, "tags": _pairs(read.tags)}
