"""Run configurations: which script runs where, with which environment."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from azureml.core import _runconfig_files
from azureml.core._configurations import (
    AmlComputeConfiguration,
    ApplicationEndpointConfiguration,
    DockerConfiguration,
    HdiConfiguration,
    HistoryConfiguration,
    KubernetesComputeConfiguration,
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
)
from azureml.core._data_sections import (
    Data,
    DatacacheConfiguration,
    DataLocation,
    DataPath,
    DataReferenceConfiguration,
    Dataset,
    DatasetRegistrationOptions,
    GlobsOptions,
    MountOptions,
    OutputData,
    OutputOptions,
    RegistrationOptions,
    UploadOptions,
    Uri,
    section_of,
)
from azureml.core._sections import Section, snake
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry
from azureml.core.environment import (
    DEFAULT_IMAGE,
    DockerEnvironment,
    DockerSection,
    Environment,
    PythonEnvironment,
    PythonSection,
    SparkEnvironment,
    SparkSection,
)
from azureml.exceptions import RunConfigurationException, UserErrorException

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "MPI_CPU_IMAGE",
    "MPI_GPU_IMAGE",
    "AmlComputeConfiguration",
    "ApplicationEndpointConfiguration",
    "AzureContainerRegistry",
    "CondaDependencies",
    "ContainerRegistry",
    "Data",
    "DataLocation",
    "DataPath",
    "DataReferenceConfiguration",
    "DatacacheConfiguration",
    "Dataset",
    "DatasetRegistrationOptions",
    "DockerConfiguration",
    "DockerEnvironment",
    "DockerSection",
    "Environment",
    "EnvironmentDefinition",
    "GlobsOptions",
    "HdiConfiguration",
    "HistoryConfiguration",
    "KubernetesComputeConfiguration",
    "MountOptions",
    "MpiConfiguration",
    "OutputData",
    "OutputOptions",
    "ParallelTaskConfiguration",
    "PyTorchConfiguration",
    "PythonEnvironment",
    "PythonSection",
    "RegistrationOptions",
    "RunConfiguration",
    "RunConfigurationException",
    "SparkConfiguration",
    "SparkEnvironment",
    "SparkSection",
    "TensorflowConfiguration",
    "UploadOptions",
    "Uri",
]

DEFAULT_CPU_IMAGE = DEFAULT_IMAGE
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.6-cudnn8-ubuntu20.04"
MPI_CPU_IMAGE, MPI_GPU_IMAGE = DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE
LOCAL = "local"
AML_COMPUTE = "amlcompute"
_ORDER = (
    "script",
    "arguments",
    "target",
    "framework",
    "communicator",
    "maxRunDurationSeconds",
    "nodeCount",
    "priority",
)
# What older files call otherwise.
_OLDER_NAMES = {"parallel_task": "paralleltask", "application_endpoints": "services"}


class AzureContainerRegistry(ContainerRegistry):
    """A registry of container images in Azure."""


class EnvironmentDefinition(Environment):
    """An environment under its older name."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class RunConfiguration(Section):
    """Where and how a script runs.

    Left alone, the environment is the interpreter that submits.

    Example:
        >>> configuration = RunConfiguration()
        >>> configuration.target = "cpu-cluster"
        >>> configuration.save(name="cluster", path=".")
    """

    auto_prepare_environment = True

    def __init__(
        self,
        script: str | None = None,
        arguments: list[Any] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        _history_enabled: bool | None = None,
        _path: str | None = None,
        _name: str | None = None,
        command: list[str] | str | None = None,
    ) -> None:
        self._name, self._path = _name, _path
        self.script = script
        self.arguments: list[Any] = list(arguments or [])
        self.command: list[str] | str = command or []
        self._target = LOCAL
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.max_run_duration_seconds: int | None = None
        self.node_count = 1
        self.priority: int | None = None
        self.environment: Environment = Environment(None)
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies
        self._environment_variables: dict[str, str] = {}
        self._add_sections()

    def _add_sections(self) -> None:
        self.history = HistoryConfiguration()
        self.spark = SparkConfiguration()
        self.docker = DockerConfiguration()
        self.hdi = HdiConfiguration()
        self.tensorflow = TensorflowConfiguration()
        self.mpi = MpiConfiguration()
        self.pytorch = PyTorchConfiguration()
        self.paralleltask = ParallelTaskConfiguration()
        self.amlcompute = AmlComputeConfiguration()
        self.kubernetescompute = KubernetesComputeConfiguration()
        self.data_references: dict[str, Any] = {}
        self.data: dict[str, Any] = {}
        self.output_data: dict[str, Any] = {}
        self.datacaches: list[Any] = []
        self.services: dict[str, Any] = {}
        self.source_directory_data_store: str | None = None
        self.auto_cluster_compute_specification: dict[str, Any] | None = None
        self.credential_passthrough = False

    @property
    def target(self) -> str:
        """The compute target; assigning a `ComputeTarget` takes its name."""
        return self._target

    @target.setter
    def target(self, target: Any) -> None:
        self._target = target_name(target)

    @property
    def environment_variables(self) -> dict[str, str]:
        """Environment variables of the run, beside those of its environment."""
        return self._environment_variables

    @environment_variables.setter
    def environment_variables(self, variables: dict[str, str] | None) -> None:
        self._environment_variables = {} if variables is None else variables

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as it is written to files."""
        content = {**super().to_dict(), "target": self._target}
        content["arguments"] = [_as_word(one) for one in self.arguments]
        if not isinstance(self.command, str):
            content["command"] = [_as_word(one) for one in self.command]
        content["environmentVariables"] = dict(self._environment_variables)
        content["applicationEndpoints"] = content.pop("services")
        for name, settings in (
            ("dataReferences", self.data_references),
            ("data", self.data),
            ("outputData", self.output_data),
        ):
            content[name] = {key: _as_section(one) for key, one in settings.items()}
        return {**{key: content[key] for key in _ORDER}, **content}

    def __eq__(self, other: object) -> bool:
        # Where it was read from is no part of it.
        return isinstance(other, RunConfiguration) and self.to_dict() == other.to_dict()

    __hash__ = None

    def save(
        self,
        path: str | None = None,
        name: str | None = None,
        separate_environment_yaml: bool = False,
    ) -> None:
        """Write the configuration to `<path>/.azureml/<name>.runconfig`."""
        place = Path(path or self._path or ".")
        file = _runconfig_files.file_to_write(place, name or self._name or "default")
        _runconfig_files.write(
            file, self.to_dict(), separate_environment=separate_environment_yaml
        )

    @staticmethod
    def load(path: str, name: str | None = None) -> RunConfiguration:
        """Return the configuration that `save` wrote, or one written by hand.

        Args:
            path: The file, or the folder that `save` was given.
            name: The name that `save` was given.

        Raises:
            UserErrorException: There is no such file, or it cannot be read.
        """
        file = _runconfig_files.file_to_read(Path(path or "."), name or "default")
        content = _runconfig_files.read(file)
        configuration = RunConfiguration(_path=path, _name=name)
        configuration.environment.environment_variables = {}
        configuration.update(
            {_OLDER_NAMES.get(snake(key), key): one for key, one in content.items()}
        )
        configuration.target = content.get("target") or LOCAL
        variables = content.get("environmentVariables", content.get("environment_variables"))
        configuration.environment_variables = dict(variables or {})
        configuration._type_data()
        return configuration

    def _type_data(self) -> None:
        """Make sections of what a file says of data."""
        for kind, settings in (
            (Data, self.data),
            (DataReferenceConfiguration, self.data_references),
            (OutputData, self.output_data),
        ):
            settings.update({name: section_of(kind, one) for name, one in settings.items()})
        self.datacaches = [section_of(DatacacheConfiguration, one) for one in self.datacaches]

    @staticmethod
    def delete(path: str, name: str) -> None:
        """Delete the file that `save` wrote."""
        _runconfig_files.file_to_read(Path(path), name).unlink()


def copied(configuration: RunConfiguration) -> RunConfiguration:
    """Return a copy that shares datasets and references with the original, which know a server."""
    shared = [*configuration.arguments, *configuration.data_references.values()]
    shared += [*configuration.data.values(), *configuration.output_data.values()]
    if not isinstance(configuration.command, str):
        shared += configuration.command
    memo = {id(one): one for one in shared if not isinstance(one, Section)}
    return deepcopy(configuration, memo)


def target_name(target: Any) -> str:
    """Return the name of a compute target, given as a name or as an object."""
    name = target if isinstance(target, str) else getattr(target, "name", None)
    if not isinstance(name, str) or not name:
        raise UserErrorException(
            f"`compute_target` must be a name or a ComputeTarget, not {target!r}."
        )
    return name


def _as_word(value: Any) -> Any:
    """Return a number or text as it is, and the text that stands for data."""
    return value if isinstance(value, (str, int, float)) else str(value)


def _as_section(value: Any) -> Any:
    """Return what is written of an input, given as an object of `azureml.data` or as a section."""
    if hasattr(value, "to_config"):
        value = value.to_config()
    elif hasattr(value, "_section"):
        value = value._section()  # noqa: SLF001 - one house
    return value.to_dict() if isinstance(value, Section) else value
