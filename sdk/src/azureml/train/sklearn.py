"""The estimator of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from azureml.train._estimators import FrameworkEstimator
from azureml.train._releases import SKLEARN
from azureml.train._settings import Settings

if TYPE_CHECKING:
    from azureml.core.environment import Environment
    from azureml.train._releases import Framework

__all__ = ["SKLearn"]


class SKLearn(FrameworkEstimator):
    """A script that trains with scikit-learn, on one node.

    Example:
        >>> estimator = SKLearn(
        ...     source_directory="experiment",
        ...     entry_script="training.py",
        ...     script_params={"--reg_rate": 0.1},
        ...     compute_target="local",
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
        use_docker: Put the run into a container, where an image is named.
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
        shm_size: Of the container.
        resume_from: A DataPath whose files the script is given as `--resume-from`.
        max_run_duration_seconds: The run is ended when it takes longer.
        framework_version: Of the framework; see `get_supported_versions()`.
    """

    FRAMEWORK_NAME = "SKLearn"
    DEFAULT_VERSION = "1.7"
    _FRAMEWORK: ClassVar[Framework] = SKLEARN
    _SUPPORTED_BACKENDS = ()

    def __init__(
        self,
        source_directory: str,
        *,
        compute_target: Any = None,
        vm_size: str | None = None,
        vm_priority: str | None = None,
        entry_script: str | None = None,
        script_params: dict[Any, Any] | None = None,
        use_docker: bool = True,
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
        shm_size: str | None = None,
        resume_from: Any = None,
        max_run_duration_seconds: int | None = None,
        framework_version: str | None = None,
        _enable_optimized_mode: bool = False,
        _disable_validation: bool = True,
        _show_lint_warnings: bool = False,
        _show_package_warnings: bool = False,
    ) -> None:
        super().__init__(Settings.of(locals()))
