"""Submitting: from what a program configured to a run that waits in the queue."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._nouns import nouns_of
from azureml.core._pairs import text_values
from azureml.core._run_base import text_pairs
from azureml.core.runconfig import AML_COMPUTE, LOCAL, copied
from azureml.core.script_run_config import ScriptRunConfig
from azureml.exceptions import (
    ComputeTargetException,
    ExperimentExecutionException,
    UserErrorException,
)
from zaffre_sdk.tracking.git import git_properties
from zaffre_sdk.wire.runs import RunIn, RunOut

if TYPE_CHECKING:
    from azureml.core._nouns import Nouns
    from azureml.core.script_run import ScriptRun

_NO_TARGET = "ComputeNotFound"


def submit(experiment: Any, config: Any, tags: Any, options: dict[str, Any]) -> ScriptRun:
    """Submit a configuration and return its run.

    Args:
        experiment: Where the run belongs.
        config: A `ScriptRunConfig`, or what makes one (an estimator).
        tags: Tags of the run.
        options: `run_id`, `display_name`, `properties`, and what an estimator lets be overruled.

    Raises:
        UserErrorException: The configuration cannot be run; says which argument.
        ComputeTargetException: There is no such target; lists those that there are.
        SnapshotException: The source folder cannot be sent; says what in it.
    """
    options = dict(options)
    run = RunOptions(options)
    config = _script_run_config(config, options)
    workspace = experiment.workspace
    nouns = nouns_of(workspace)
    folder = config.checked_source()
    config.to_spec("")  # what is wrong is said before anything is sent
    config = _with_target(workspace, config)
    snapshot = nouns.snapshots.create(folder)
    data = config.data_for(workspace)
    created = _create(
        nouns,
        RunIn(
            experiment=experiment.name,
            spec=config.to_spec(snapshot.id, data),
            id=run.id,
            parent_id=run.parent_id,
            display_name=run.display_name,
            tags=text_pairs(tags, "tags"),
            properties={**git_properties(folder), **run.properties},
        ),
    )
    data.made_by(created.id)
    script_run = _late.find("azureml.core.script_run", "ScriptRun")
    submitted: ScriptRun = script_run(
        experiment,
        created.id,
        directory=str(folder),
        _run_config=config.run_config,
        _seen=created,
    )
    return submitted


class RunOptions:
    """What is said of a run beside its configuration, taken out of keyword arguments."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.id: str | None = options.pop("run_id", None)
        self.parent_id: str | None = options.pop("_parent_run_id", None)
        self.display_name: str | None = options.pop("display_name", None)
        self.properties = text_values(options.pop("properties", None) or {}, "properties")
        options.pop("credential_passthrough", None)


def _script_run_config(config: Any, options: dict[str, Any]) -> ScriptRunConfig:
    if isinstance(config, ScriptRunConfig):
        _refuse(options)
        return config
    if hasattr(config, "_to_script_run_config"):
        made: ScriptRunConfig = config._to_script_run_config(**options)  # noqa: SLF001 - one house
        return made
    raise UserErrorException(
        "`config` must be a ScriptRunConfig or an estimator, not "
        f"{config!r} ({type(config).__name__})."
    )


def _refuse(options: dict[str, Any]) -> None:
    if options:
        raise UserErrorException(
            f"`submit` has no argument `{next(iter(options))}` for a ScriptRunConfig.\n"
            "It takes `tags`, `run_id`, `display_name` and `properties`."
        )


def _with_target(workspace: Any, config: ScriptRunConfig) -> ScriptRunConfig:
    """Return what is submitted; refuse a target that is not there before a folder is sent.

    One that names a size gets the cluster of that size, in a copy: the program keeps what it made.
    """
    if config.target == LOCAL:
        return config
    if config.target == AML_COMPUTE:
        made = _late.find("azureml.core._sized_clusters", "cluster_for")
        placed = copy(config)
        placed.run_config = copied(config.run_config)
        placed.run_config.target = made(workspace, config.run_config)
        return placed
    nouns = nouns_of(workspace)
    if config.target not in nouns.seen_computes:
        nouns.computes.get(config.target)
        nouns.seen_computes.add(config.target)
    return config


def _create(nouns: Nouns, run: RunIn) -> RunOut:
    try:
        return nouns.runs.create(run)
    except ExperimentExecutionException as error:
        if error.code != _NO_TARGET:
            raise
        # It was there when this program looked, and was deleted since.
        nouns.seen_computes.discard(run.spec.compute)
        raise ComputeTargetException(error.message, error, code=error.code) from error
