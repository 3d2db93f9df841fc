"""What `Experiment.submit` takes: a folder, a script in it, and how to run it."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path
from typing import Any

from azureml.core import _late
from azureml.core._command_words import command_words, texts
from azureml.core._distribution import configure, distribution_of, node_count
from azureml.core._environment_spec import environment_spec
from azureml.core._pairs import text_values
from azureml.core._resuming import resume
from azureml.core._run_data import RunData
from azureml.core._run_definition import run_definition
from azureml.core._script_source import check_script, checked_folder
from azureml.core._spark import is_spark, spark_environment, spark_of
from azureml.core.environment import Environment
from azureml.core.runconfig import (
    LOCAL,
    DockerConfiguration,
    RunConfiguration,
    copied,
    target_name,
)
from azureml.exceptions import RunConfigurationException, UserErrorException
from zaffre_sdk.wire.runs import Container, RunSpec

__all__ = ["ScriptRunConfig", "get_run_config_from_script_run", "submit"]

_VARIABLES = "environment_variables"


class ScriptRunConfig:
    """A script, its folder, its arguments, its environment and its compute target.

    Without an environment, the script runs with the interpreter that submits it and finds what is
    installed there.

    Example:
        >>> config = ScriptRunConfig(
        ...     "train", script="train.py", arguments=["--reg", 0.1], compute_target="cpu-cluster"
        ... )
        >>> run = Experiment(workspace, "train").submit(config)

    Args:
        source_directory: Sent with the run, without what `.amlignore` or `.gitignore` name.
        script: Path below `source_directory`.
        arguments: Passed to the script; numbers become text, data becomes where it lies.
        run_config: Settings to start from; the other arguments overrule it.
        compute_target: A ComputeTarget or its name; `local` is the machine of the server.
        environment: What the script finds installed.
        distributed_job_config: Runs it as several processes.
        resume_from: A DataPath whose files the script is given as `--resume-from`.
        max_run_duration_seconds: The run is ended when it takes longer.
        command: A whole command line instead of `script`.
        docker_runtime_config: How it is put into a container of its environment's image.
    """

    DELIM = "_"
    MAX_DURATION_SECONDS_DEFAULT = 30 * 24 * 60 * 60

    def __init__(
        self,
        source_directory: str,
        script: str | None = None,
        arguments: list[Any] | None = None,
        run_config: RunConfiguration | None = None,
        _telemetry_values: Any = None,
        compute_target: Any = None,
        environment: Environment | None = None,
        distributed_job_config: Any = None,
        resume_from: Any = None,
        max_run_duration_seconds: int | None = None,
        command: list[str] | str | None = None,
        docker_runtime_config: DockerConfiguration | None = None,
    ) -> None:
        if not isinstance(source_directory, (str, os.PathLike)):
            raise UserErrorException(
                f"`source_directory` must be a path, not {source_directory!r}."
            )
        for name, value in (("script", script), ("arguments", arguments)):
            if command and value:
                raise UserErrorException(f"`{name}` and `command` cannot be given together.")
        _check_types(arguments, environment, run_config)
        run_config = copied(run_config) if run_config is not None else RunConfiguration()
        self.source_directory = os.fspath(source_directory)
        self.script = script or run_config.script
        self.arguments = list(arguments) if arguments is not None else run_config.arguments
        self.command = command or ([] if script else run_config.command)
        self.run_config = run_config
        self._configure(compute_target, environment, docker_runtime_config)
        if max_run_duration_seconds is not None:
            run_config.max_run_duration_seconds = max_run_duration_seconds
        if distributed_job_config is not None:
            configure(run_config, distributed_job_config)
        if resume_from is not None:
            resume(self, resume_from)

    def _configure(self, compute_target: Any, environment: Any, docker: Any) -> None:
        run_config = self.run_config
        if environment is not None:
            run_config.environment = environment
            section = environment.docker
            if section.enabled is not None and docker is None:
                run_config.docker = DockerConfiguration(
                    bool(section.enabled), arguments=section.arguments, shm_size=section.shm_size
                )
        if compute_target is not None:
            run_config.target = compute_target
        if docker is None:
            return
        if not isinstance(docker, DockerConfiguration):
            raise RunConfigurationException(
                f"`docker_runtime_config` must be a DockerConfiguration, not {docker!r}."
            )
        run_config.docker = docker

    @property
    def identity(self) -> str:
        """What it is, in one line."""
        return f"ScriptRunConfig {self.source_directory} {self.script or self.command}"

    @property
    def max_run_duration_seconds(self) -> int | None:
        """After how many seconds the run is ended."""
        return self.run_config.max_run_duration_seconds

    @max_run_duration_seconds.setter
    def max_run_duration_seconds(self, seconds: int | None) -> None:
        self.run_config.max_run_duration_seconds = seconds

    @property
    def target(self) -> str:
        """The name of the compute target as the server knows it."""
        name = target_name(self.run_config.target)
        return LOCAL if name.lower() == LOCAL else name

    def checked_source(self) -> Path:
        """Return the source folder.

        Raises:
            UserErrorException: It, or the script in it, is not there or not readable.
        """
        folder = checked_folder(self.source_directory)
        if not self.command:
            check_script(folder, self.script)
        return folder

    def data_for(self, workspace: Any = None) -> RunData:
        """Return the data that the run is given and leaves.

        Args:
            workspace: Where datasets are kept that were not registered; None only looks whether
                all is well.
        """
        data = RunData(workspace)
        data.configure(self.run_config)
        words = [*self._arguments(data), *command_words(self.command, data)]
        if not self.command:
            data.check_arguments(words)
        return data

    def to_spec(self, snapshot_id: str, data: RunData | None = None) -> RunSpec:
        """Return what the server is asked to do with the folder sent as `snapshot_id`.

        Args:
            snapshot_id: The folder.
            data: As `data_for` returns it.
        """
        data = self.data_for() if data is None else data
        run_config = self.run_config
        environment = run_config.environment
        return RunSpec(
            kind="script",
            script=None if self.command else Path(str(self.script)).as_posix(),
            arguments=self._arguments(data),
            command=command_words(self.command, data),
            snapshot_id=snapshot_id,
            environment=spark_environment(environment)
            if is_spark(run_config)
            else environment_spec(environment),
            environment_name=environment.name or "",
            compute=self.target,
            variables=self._variables(),
            max_seconds=_seconds(self.max_run_duration_seconds),
            inputs=data.inputs(),
            outputs=data.outputs(),
            node_count=node_count(run_config),
            distribution=distribution_of(run_config),
            priority=_priority(run_config.priority),
            container=_container(run_config.docker, environment.docker),
            spark=spark_of(run_config),
            instance_type=run_config.kubernetescompute.instance_type or "",
            definition=self.to_definition(data),
        )

    def to_definition(self, data: RunData | None = None) -> dict[str, Any]:
        """Return the run definition that `get_details` gives back."""
        data = self.data_for() if data is None else data
        command = self.command
        return run_definition(
            self.run_config,
            script=None if self.command else self.script,
            arguments=self._arguments(data),
            command=command if isinstance(command, str) else " ".join(self._words(data)),
            **data.definition(),
        )

    def _arguments(self, data: RunData) -> list[str]:
        return texts(self.arguments, "arguments", data)

    def _words(self, data: RunData) -> list[str]:
        return texts(self.command, "command", data)

    def _variables(self) -> dict[str, str]:
        run_config = self.run_config
        return {
            **text_values(run_config.environment.environment_variables or {}, _VARIABLES),
            **text_values(run_config.environment_variables or {}, _VARIABLES),
        }


def submit(
    script_run_config: ScriptRunConfig,
    workspace: Any,
    experiment_name: str,
    run_id: str | None = None,
    _parent_run_id: str | None = None,
    credential_passthrough: bool | None = None,
) -> Any:
    """Submit to the experiment of this name and return the run."""
    experiment = _late.find("azureml.core.experiment", "Experiment")(workspace, experiment_name)
    return experiment.submit(script_run_config, run_id=run_id, _parent_run_id=_parent_run_id)


def get_run_config_from_script_run(script_run_config: ScriptRunConfig) -> RunConfiguration:
    """Return a run configuration that says all that `script_run_config` says."""
    configuration = copied(script_run_config.run_config)
    configuration.script = script_run_config.script
    configuration.arguments = list(script_run_config.arguments)
    configuration.command = script_run_config.command
    return configuration


def _check_types(arguments: Any, environment: Any, run_config: Any) -> None:
    iterable = arguments is None or hasattr(arguments, "__iter__")
    if isinstance(arguments, str) or not iterable:
        raise UserErrorException(
            f"`arguments` must be a list, not {arguments!r}.\nSuch as `['--reg', 0.1]`."
        )
    if environment is not None and not isinstance(environment, Environment):
        raise UserErrorException(
            f"`environment` must be an Environment, not {environment!r}.\n"
            "A registered one is found with `Environment.get(workspace, name)`."
        )
    if run_config is not None and not isinstance(run_config, RunConfiguration):
        raise UserErrorException(f"`run_config` must be a RunConfiguration, not {run_config!r}.")


def _container(docker: DockerConfiguration | None, section: Any) -> Container | None:
    """Return how a run is put into a container, as it says itself or as its environment does."""
    if docker is None or not docker.use_docker:
        docker = section if section.enabled else None
    if docker is None:
        return None
    words = docker.arguments or []
    if isinstance(words, str) or not all(isinstance(one, str) for one in words):
        raise UserErrorException(
            f"The `arguments` of a DockerConfiguration must be a list of text, not {words!r}."
        )
    return Container(arguments=list(words), shm_size=docker.shm_size or "")


def _priority(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise UserErrorException(f"`priority` must be a whole number, not {value!r}.")
    return value


def _seconds(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise UserErrorException(
            f"`max_run_duration_seconds` must be a positive number, not {value!r}."
        )
    return ceil(value)
