"""The estimator for any script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core.runconfig import RunConfiguration
from azureml.train._distributed_training import Gloo, Mpi, Nccl, ParameterServer
from azureml.train._estimators import MMLBaseEstimator, SettingsEstimator
from azureml.train._settings import Settings

if TYPE_CHECKING:
    from azureml.core.environment import Environment

__all__ = [
    "Estimator",
    "Gloo",
    "MMLBaseEstimator",
    "MMLBaseEstimatorRunConfig",
    "Mpi",
    "Nccl",
    "ParameterServer",
]


class Estimator(SettingsEstimator):
    """A script with its environment and compute target.

    Without packages, the script runs with the interpreter that submits it.

    Example:
        >>> estimator = Estimator(
        ...     source_directory="experiment",
        ...     entry_script="training.py",
        ...     script_params={"--reg_rate": 0.1},
        ...     compute_target="local",
        ...     conda_packages=["scikit-learn"],
        ... )
        >>> run = Experiment(workspace, "train").submit(estimator)

    Args:
        source_directory: Sent with the run.
        compute_target: A ComputeTarget or its name, or `local`.
        vm_size: In place of a target: a cluster of this size is made, or found.
        vm_priority: Of that cluster: `dedicated` or `lowpriority`.
        entry_script: Path below `source_directory`.
        script_params: What the script is given: its arguments and their values, which may be
            data; a flag has the value `""`.
        node_count: The nodes that the run takes.
        process_count_per_node: With `distributed_backend="mpi"`.
        distributed_backend: The older way to say `distributed_training`.
        distributed_training: `Mpi`, `ParameterServer`, `Gloo` or `Nccl`.
        use_gpu: Name the image with CUDA.
        use_docker: Put the run into a container, where an image is named.
        custom_docker_base_image: The older name of `custom_docker_image`.
        custom_docker_image: The image of that container.
        image_registry_details: Where it is fetched from.
        user_managed: Use an interpreter as it is, and build nothing.
        conda_packages: What the environment is to have.
        pip_packages: What it is to have besides.
        conda_dependencies_file_path: The older name of `conda_dependencies_file`.
        pip_requirements_file_path: The older name of `pip_requirements_file`.
        conda_dependencies_file: All that it is to have, in a file below `source_directory`.
        pip_requirements_file: Further packages, in a file below `source_directory`.
        environment_variables: Of the run.
        environment_definition: An environment in place of packages.
        inputs: Datasets and references that the run is given besides.
        source_directory_data_store: Accepted: the folder lies with the server.
        shm_size: Of the container.
        resume_from: A DataPath whose files the script is given as `--resume-from`.
        max_run_duration_seconds: The run is ended when it takes longer.
    """

    _SUPPORTED_BACKENDS = ("mpi", "ps", "gloo", "nccl")

    def __init__(
        self,
        source_directory: str,
        *,
        compute_target: Any = None,
        vm_size: str | None = None,
        vm_priority: str | None = None,
        entry_script: str | None = None,
        script_params: dict[Any, Any] | None = None,
        node_count: int = 1,
        process_count_per_node: int = 1,
        distributed_backend: str | None = None,
        distributed_training: Any = None,
        use_gpu: bool = False,
        use_docker: bool = True,
        custom_docker_base_image: str | None = None,
        custom_docker_image: str | None = None,
        image_registry_details: Any = None,
        user_managed: bool = False,
        conda_packages: list[str] | None = None,
        pip_packages: list[str] | None = None,
        conda_dependencies_file_path: str | None = None,
        pip_requirements_file_path: str | None = None,
        conda_dependencies_file: str | None = None,
        pip_requirements_file: str | None = None,
        environment_variables: dict[str, str] | None = None,
        environment_definition: Environment | None = None,
        inputs: list[Any] | None = None,
        source_directory_data_store: Any = None,
        shm_size: str | None = None,
        resume_from: Any = None,
        max_run_duration_seconds: int | None = None,
        _disable_validation: bool = True,
        _show_lint_warnings: bool = False,
        _show_package_warnings: bool = False,
    ) -> None:
        super().__init__(Settings.of(locals()))


class MMLBaseEstimatorRunConfig(RunConfiguration):
    """The run configuration of an estimator, made of the estimator's arguments."""

    def __init__(
        self,
        compute_target: Any,
        vm_size: str | None = None,
        vm_priority: str | None = None,
        entry_script: str | None = None,
        script_params: dict[Any, Any] | None = None,
        node_count: int | None = None,
        process_count_per_node: int | None = None,
        distributed_backend: str | None = None,
        use_gpu: bool | None = None,
        use_docker: bool | None = None,
        custom_docker_base_image: str | None = None,
        custom_docker_image: str | None = None,
        image_registry_details: Any = None,
        user_managed: bool = False,
        conda_packages: list[str] | None = None,
        pip_packages: list[str] | None = None,
        environment_definition: Environment | None = None,
        inputs: list[Any] | None = None,
        source_directory_data_store: Any = None,
        shm_size: str | None = None,
    ) -> None:
        settings = Settings.of(locals())
        super().__init__()
        vars(self).update(vars(settings.run_config("estimator", ("mpi", "ps"))))
