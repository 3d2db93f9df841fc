"""What `Experiment.submit` takes: a folder, a script in it, and how to run it."""

from __future__ import annotations

import os
from copy import deepcopy
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._pairs import text_values
from azureml.core._run_data import RunData
from azureml.core.environment import Environment, environment_spec
from azureml.core.runconfig import LOCAL, DockerConfiguration, RunConfiguration, target_name
from azureml.exceptions import ComputeTargetException, UserErrorException
from zaffre_sdk.wire.runs import RunSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN_SCRIPTS = 10

__all__ = ["ScriptRunConfig", "get_run_config_from_script_run", "submit"]


class ScriptRunConfig:
    """A script, its folder, its arguments and its environment.

    Without an environment, the script runs with the interpreter that submits it and finds what is
    installed there.

    Example:
        >>> config = ScriptRunConfig("train", script="train.py", arguments=["--reg", 0.1])
        >>> run = Experiment(workspace, "train").submit(config)

    Args:
        source_directory: Sent with the run, without what `.amlignore` or `.gitignore` name.
        script: Path below `source_directory`.
        arguments: Passed to the script; numbers become text.
        run_config: Settings to start from; the other arguments overrule it.
        compute_target: `local`.
        command: A whole command line instead of `script`.
        max_run_duration_seconds: The run is ended when it takes longer.
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
        _check_choices(script, command, distributed_job_config, resume_from)
        _check_types(arguments, environment, run_config)
        run_config = deepcopy(run_config) if run_config is not None else RunConfiguration()
        if environment is not None:
            run_config.environment = environment
        if compute_target is not None:
            run_config.target = target_name(compute_target)
        if docker_runtime_config is not None:
            run_config.docker = docker_runtime_config
        self.source_directory = os.fspath(source_directory)
        self.script = script or run_config.script
        self.arguments = list(arguments) if arguments is not None else run_config.arguments
        self.command = command or ([] if script else run_config.command)
        self.max_run_duration_seconds = (
            run_config.max_run_duration_seconds
            if max_run_duration_seconds is None
            else max_run_duration_seconds
        )
        self.run_config = run_config

    @property
    def identity(self) -> str:
        """What it is, in one line."""
        return f"ScriptRunConfig {self.source_directory} {self.script or self.command}"

    def checked_source(self) -> Path:
        """Return the source folder.

        Raises:
            UserErrorException: It, or the script in it, is not there or not readable.
        """
        folder = Path(self.source_directory).expanduser()
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "does not exist"
            raise UserErrorException(f"The `source_directory` `{folder.absolute()}` {what}.")
        if not self.command:
            _check_script(folder, self.script)
        return folder

    def data_for(self, workspace: Any = None) -> RunData:
        """Return the data that the run is given and leaves.

        Args:
            workspace: Where datasets are kept that were not registered; None only looks whether
                all is well.
        """
        data = RunData(workspace)
        data.configure(self.run_config)
        words = [*_texts(self.arguments, "arguments", data), *_command(self.command, data)]
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
        target = self.run_config.target
        if target.lower() != LOCAL:
            raise ComputeTargetException(
                f"The workspace has no compute target `{target}`; what exists: `{LOCAL}`."
            )
        environment = self.run_config.environment
        return RunSpec(
            kind="script",
            script=None if self.command else Path(str(self.script)).as_posix(),
            arguments=_texts(self.arguments, "arguments", data),
            command=_command(self.command, data),
            snapshot_id=snapshot_id,
            environment=environment_spec(environment),
            environment_name=environment.name or "",
            compute=LOCAL,
            variables=text_values(
                environment.environment_variables or {}, "environment_variables"
            ),
            max_seconds=_seconds(self.max_run_duration_seconds),
            inputs=data.inputs(),
            outputs=data.outputs(),
            definition=self.to_definition(data),
        )

    def to_definition(self, data: RunData | None = None) -> dict[str, Any]:
        """Return the run definition that `get_details` gives back."""
        data = self.data_for() if data is None else data
        command = self.command
        return {
            **self.run_config.to_dict(),
            "script": None if self.command else self.script,
            "arguments": _texts(self.arguments, "arguments", data),
            "command": (command if isinstance(command, str) else _command(command, data)) or "",
            **data.definition(),
            "maxRunDurationSeconds": self.max_run_duration_seconds,
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
    configuration = deepcopy(script_run_config.run_config)
    configuration.script = script_run_config.script
    configuration.arguments = list(script_run_config.arguments)
    configuration.command = script_run_config.command
    configuration.max_run_duration_seconds = script_run_config.max_run_duration_seconds
    return configuration


def _check_choices(script: Any, command: Any, distributed_job_config: Any, resume: Any) -> None:
    if script is not None and command is not None:
        raise UserErrorException("`script` and `command` cannot be given together.")
    nodes = getattr(distributed_job_config, "node_count", 1)
    if distributed_job_config is not None:
        raise UserErrorException(
            f"`distributed_job_config` asks for {type(distributed_job_config).__name__} on "
            f"{nodes} node(s); the compute target `{LOCAL}` runs one process.\n"
            "Leave it out, or start the processes from the script itself."
        )
    if resume is not None:
        raise UserErrorException("`resume_from` is not part of zaffre.")


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


def _check_script(folder: Path, script: str | None) -> None:
    if not script or not isinstance(script, str):
        raise UserErrorException("`script` must name a file below `source_directory`.")
    file = folder / script
    if not file.is_file():
        raise UserErrorException(
            f"The `script` `{script}` is not in the `source_directory` `{folder.absolute()}`.\n"
            f"Scripts in it: {_scripts(folder)}."
        )
    if not os.access(file, os.R_OK):
        raise UserErrorException(f"The `script` `{file}` cannot be read: permission denied.")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise UserErrorException(
            f"The `script` `{script}` leads out of the `source_directory` `{folder.absolute()}`.\n"
            "Only that folder is sent: put the script into it, and name it by its path in there."
        )


def _scripts(folder: Path) -> str:
    names = sorted(one.name for one in folder.glob("*.py"))
    return ", ".join(f"`{name}`" for name in names[:_SHOWN_SCRIPTS]) or "none"


def _texts(values: Iterable[Any], argument: str, data: RunData) -> list[str]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise UserErrorException(f"`{argument}` must be a list, not {values!r}.")
    texts = []
    for position, value in enumerate(values):
        standing = data.text(value)
        plain = _plain(value) if standing is None else standing
        if not isinstance(plain, (str, int, float, os.PathLike)):
            raise UserErrorException(
                f"`{argument}[{position}]` must be text or a number, "
                f"not {value!r} ({type(value).__name__})."
            )
        texts.append(os.fspath(plain) if isinstance(plain, os.PathLike) else str(plain))
    return texts


def _plain(value: Any) -> Any:
    """Return a number for one of numpy or its kin; what has several is left as it is."""
    if isinstance(value, str) or not hasattr(value, "item"):
        return value
    try:
        return value.item()
    except (TypeError, ValueError, RuntimeError):
        return value


def _command(command: list[str] | str, data: RunData) -> list[str]:
    if not command:
        return []
    if isinstance(command, str):
        return ["/bin/sh", "-c", command]
    return _texts(command, "command", data)


def _seconds(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise UserErrorException(
            f"`max_run_duration_seconds` must be a positive number, not {value!r}."
        )
    return ceil(value)
