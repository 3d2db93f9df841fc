"""Runs as MLflow's messages: the one place where a run's JSON is made."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from zaffre.domain.inputs import RunInput
from zaffre.domain.logged_models import ModelDirection, RunModel
from zaffre.domain.runs import PARENT_TAG, USER_TAG, Run, RunKind
from zaffre.protocols.mlflow.ids import shown_id
from zaffre.protocols.mlflow.messages import number_out, pairs_out
from zaffre.protocols.mlflow.run_words import (
    NAME_TAG,
    NOTE_TAG,
    RUN_ARTIFACTS,
    SOURCE_NAME_TAG,
    SOURCE_TYPE_TAG,
    from_state,
)
from zaffre.protocols.mlflow.shapes import lifecycle_stage
from zaffre.protocols.mlflow.times import from_seconds, from_time
from zaffre.services.tracking import TrackedRun

Json = dict[str, Any]


class MetricOut(msgspec.Struct, gc=False):
    """The latest value of a metric; a page of runs has hundreds of them."""

    key: str
    value: float | str
    timestamp: int
    step: int


class PairOut(msgspec.Struct, gc=False):
    """A param or a tag."""

    key: str
    value: str


def from_tracked_run(tracked: TrackedRun) -> Json:
    """Return a run with its data and inputs."""
    run = tracked.run
    whole: Json = {
        "info": from_run_info(run),
        "data": {
            "metrics": [
                MetricOut(
                    name,
                    number if isfinite(number) else number_out(number),
                    from_seconds(at),
                    step,
                )
                for name, number, at, step in tracked.metrics
            ],
            "params": [PairOut(*pair) for pair in tracked.params.items()],
            "tags": [PairOut(*pair) for pair in tags_of(run).items()],
        },
        "inputs": {},
    }
    if tracked.inputs:
        whole["inputs"]["dataset_inputs"] = [_from_input(read) for read in tracked.inputs]
    if tracked.models:
        _add_models(whole, tracked.models)
    return whole


def from_run_info(run: Run) -> Json:
    """Return what is known of a run besides what it logged."""
    info: Json = {
        "run_id": run.id,
        "run_uuid": run.id,
        "run_name": run.display_name,
        "experiment_id": shown_id(run.experiment_id, run.experiment_name),
        "user_id": run.user,
        "status": from_state(run.state),
        "start_time": from_time(run.began_at),
        "artifact_uri": RUN_ARTIFACTS + run.id,
        "lifecycle_stage": lifecycle_stage(run.archived_at),
    }
    if run.ended_at is not None:
        info["end_time"] = from_time(run.ended_at)
    return info


def tags_of(run: Run) -> dict[str, str]:
    """Return the tags of a run, those among them that are fields of ours."""
    is_script = run.spec.kind is RunKind.SCRIPT
    tags = {USER_TAG: run.user, SOURCE_TYPE_TAG: "JOB" if is_script else "LOCAL"}
    if run.spec.script is not None:
        tags[SOURCE_NAME_TAG] = run.spec.script
    tags |= run.tags
    tags[NAME_TAG] = run.display_name
    if run.parent_id is not None:
        tags[PARENT_TAG] = run.parent_id
    if run.description:
        tags[NOTE_TAG] = run.description
    return tags


def _from_input(read: RunInput) -> Json:
    dataset: Json = {
        "name": read.name,
        "digest": read.digest,
        "source_type": read.source_type,
        "source": read.source,
    }
    if read.schema is not None:
        dataset["schema"] = read.schema
    if read.profile is not None:
        dataset["profile"] = read.profile
    return {"tags": pairs_out(read.tags), "dataset": dataset}


def _add_models(whole: Json, models: Sequence[RunModel]) -> None:
    made = [model for model in models if model.direction is ModelDirection.OUTPUT]
    read = [model for model in models if model.direction is ModelDirection.INPUT]
    if read:
        whole["inputs"]["model_inputs"] = [{"model_id": model.model_id} for model in read]
    if made:
        whole["outputs"] = {
            "model_outputs": [{"model_id": model.model_id, "step": model.step} for model in made]
        }
