"""Run configurations: which script runs where, with which environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azureml.core import _yaml
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
from azureml.core._sections import Section
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
_FOLDER = ".azureml"
_ENDING = ".runconfig"
_ENVIRONMENT_ENDING = "_environment.yml"


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
        >>> configuration.save(name="local", path=".")
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
        self.history = HistoryConfiguration()
        self.spark = SparkConfiguration()
        self.docker = DockerConfiguration()
        self.mpi = MpiConfiguration()
        self.pytorch = PyTorchConfiguration()
        self.tensorflow = TensorflowConfiguration()
        self.parallel_task = ParallelTaskConfiguration()
        self.hdi = HdiConfiguration()
        self.amlcompute = AmlComputeConfiguration()
        self.kubernetescompute = KubernetesComputeConfiguration()
        self.data_references: dict[str, Any] = {}
        self.data: dict[str, Any] = {}
        self.output_data: dict[str, Any] = {}
        self.datacaches: list[Any] = []
        self.source_directory_data_store: str | None = None

    @property
    def target(self) -> str:
        """The compute target; assigning a `ComputeTarget` takes its name."""
        return self._target

    @target.setter
    def target(self, target: Any) -> None:
        self._target = target_name(target)

    @property
    def environment_variables(self) -> dict[str, str]:
        """The environment variables of the environment."""
        return self.environment.environment_variables

    @environment_variables.setter
    def environment_variables(self, variables: dict[str, str]) -> None:
        self.environment.environment_variables = variables

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as it is written to files."""
        content = super().to_dict()
        order = {key: content.pop(key) for key in ("script", "arguments", "command")}
        return {**order, "target": self._target, **content}

    def save(
        self,
        path: str | None = None,
        name: str | None = None,
        separate_environment_yaml: bool = False,
    ) -> None:
        """Write the configuration to `<path>/.azureml/<name>.runconfig`."""
        file = _file(Path(path or "."), name or "default")
        file.parent.mkdir(parents=True, exist_ok=True)
        content = self.to_dict()
        if separate_environment_yaml:
            environment = file.with_name(file.name.removesuffix(_ENDING) + _ENVIRONMENT_ENDING)
            environment.write_text(_yaml.dump_yaml(content.pop("environment")), "utf-8")
            content["environment"] = environment.name
        file.write_text(_yaml.dump_yaml(content), encoding="utf-8")

    @staticmethod
    def load(path: str, name: str | None = None) -> RunConfiguration:
        """Return the configuration that `save` wrote, or one written by hand.

        Args:
            path: The file, or the folder that `save` was given.
            name: The name that `save` was given.
        """
        file = _file(Path(path), name or "default")
        content = _yaml.parse_yaml(_yaml.read_text(file, "run configuration"), str(file))
        if not isinstance(content, dict):
            raise UserErrorException(
                f"`{file}` is not a run configuration: a mapping is expected."
            )
        if isinstance(content.get("environment"), str):
            beside = file.parent / content["environment"]
            content["environment"] = _yaml.parse_yaml(
                _yaml.read_text(beside, "environment file"), str(beside)
            )
        configuration = RunConfiguration()
        configuration.environment.environment_variables = {}
        configuration.update(content)
        configuration.target = content.get("target") or LOCAL
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
        file = _file(Path(path), name)
        if not file.is_file():
            raise UserErrorException(f"There is no run configuration `{file}`.")
        file.unlink()


def target_name(target: Any) -> str:
    """Return the name of a compute target, given as a name or as an object."""
    name = target if isinstance(target, str) else getattr(target, "name", None)
    if not isinstance(name, str) or not name:
        raise UserErrorException(
            f"`compute_target` must be a name or a ComputeTarget, not {target!r}."
        )
    return name


def _file(path: Path, name: str) -> Path:
    if path.is_file() or path.suffix == _ENDING:
        return path
    return path / _FOLDER / f"{name}{_ENDING}"
