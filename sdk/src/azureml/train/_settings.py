"""What estimators are given, and the run configuration that it comes to."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from azureml.core._resuming import reference_to
from azureml.core.runconfig import AML_COMPUTE, RunConfiguration
from azureml.exceptions import TrainingException, UserErrorException
from azureml.train._backends import distribute
from azureml.train._environments import docker_of, environment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from azureml.core.environment import Environment
    from azureml.train._releases import Framework

_OF_ENVIRONMENT = (
    "pip_packages",
    "pip_requirements_file",
    "conda_packages",
    "conda_dependencies_file",
    "custom_docker_image",
    "image_registry_details",
    "use_gpu",
    "user_managed",
    "shm_size",
    "environment_variables",
)
_PACKAGES = (
    "conda_packages",
    "pip_packages",
    "conda_dependencies_file",
    "pip_requirements_file",
)


@dataclass
class Settings:
    """The arguments of an estimator, under the names that v1 gives them."""

    source_directory: str | None = None
    compute_target: Any = None
    vm_size: str | None = None
    vm_priority: str | None = None
    entry_script: str | None = None
    script_params: Mapping[Any, Any] | None = None
    node_count: int | None = 1
    process_count_per_node: int | None = 1
    worker_count: int = 1
    parameter_server_count: int = 1
    distributed_backend: str | None = None
    distributed_training: Any = None
    use_gpu: bool | None = False
    use_docker: bool | None = True
    custom_docker_image: str | None = None
    image_registry_details: Any = None
    user_managed: bool = False
    conda_packages: list[str] | None = None
    pip_packages: list[str] | None = None
    conda_dependencies_file: str | None = None
    pip_requirements_file: str | None = None
    environment_variables: dict[str, str] | None = None
    environment_definition: Environment | None = None
    inputs: Iterable[Any] | None = None
    source_directory_data_store: Any = None
    shm_size: str | None = None
    resume_from: Any = None
    max_run_duration_seconds: int | None = None
    framework: Framework | None = None
    framework_version: str | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Settings:
        """Return the settings among the arguments of a constructor, as `locals()` gives them."""
        known = {one.name for one in fields(cls)}
        settings = cls(**{name: value for name, value in arguments.items() if name in known})
        settings.source_directory = settings.source_directory or "."
        settings.node_count = 1 if settings.node_count is None else settings.node_count
        for older, newer in (
            ("custom_docker_base_image", "custom_docker_image"),
            ("conda_dependencies_file_path", "conda_dependencies_file"),
            ("pip_requirements_file_path", "pip_requirements_file"),
        ):
            if arguments.get(older) and not getattr(settings, newer):
                setattr(settings, newer, arguments[older])
        return settings

    def run_config(self, estimator: str, backends: tuple[str, ...]) -> RunConfiguration:
        """Return the run configuration that the settings come to.

        Args:
            estimator: The name of the class, in small letters.
            backends: The kinds of distributed runs that it has.

        Raises:
            TrainingException: Settings do not go together, or are missing.
        """
        self._check()
        run_config = RunConfiguration(script=self.entry_script)
        self._say_where(run_config)
        add_inputs(run_config, self.inputs, self.source_directory_data_store)
        params = dict(self.script_params or {})
        if self.resume_from is not None:
            params["--resume-from"] = reference_to(self.resume_from)
        run_config.arguments = words_of(params)
        run_config.environment = environment_of(self)
        run_config.docker = docker_of(self)
        run_config.environment_variables = dict(self.environment_variables or {})
        run_config.max_run_duration_seconds = self.max_run_duration_seconds
        distribute(run_config, self, estimator=estimator, backends=backends)
        return run_config

    def _check(self) -> None:
        if self.environment_definition is not None:
            self._refuse_beside("environment_definition", _OF_ENVIRONMENT)
        if self.conda_dependencies_file:
            self._refuse_beside("conda_dependencies_file", ("conda_packages", "pip_packages"))
            self._refuse_beside("conda_dependencies_file", ("pip_requirements_file",))
        if self.user_managed:
            self._refuse_beside("user_managed", _PACKAGES)
        if self.use_docker is False and self.custom_docker_image:
            raise TrainingException(
                "`use_docker=False` and `custom_docker_image` exclude another."
            )
        if self.script_params is not None and not hasattr(self.script_params, "items"):
            raise TrainingException(
                f"`script_params` must be a dictionary, not {self.script_params!r}.\n"
                "Such as `{'--reg_rate': 0.1}`."
            )
        if self.compute_target is None and not self.vm_size:
            raise TrainingException(
                "Either `compute_target` or `vm_size` must be given.\n"
                "`compute_target='local'` is the machine of the server."
            )

    def _refuse_beside(self, given: str, others: Iterable[str]) -> None:
        both = [one for one in others if getattr(self, one)]
        if both:
            raise TrainingException(
                f"`{given}` and `{both[0]}` cannot be given together: the first says it all."
            )

    def _say_where(self, run_config: RunConfiguration) -> None:
        run_config.node_count = int(self.node_count or 1)
        run_config.amlcompute.vm_size = self.vm_size
        run_config.amlcompute.vm_priority = self.vm_priority
        run_config.amlcompute.cluster_max_node_count = self.node_count
        run_config.target = AML_COMPUTE if self.compute_target is None else self.compute_target


def words_of(params: Mapping[Any, Any]) -> list[Any]:
    """Return script parameters as arguments; flags have a value of no text."""
    words = [_word(one) for pair in params.items() for one in pair]
    return [one for one in words if one is not None and not (isinstance(one, str) and not one)]


def add_inputs(run_config: RunConfiguration, inputs: Any, store: Any = None) -> None:
    """Give a run further inputs, and the datastore of its folder.

    Raises:
        UserErrorException: One is no input.
    """
    for given in inputs or []:
        one = _word(given)
        if hasattr(one, "data_reference_name"):
            run_config.data_references[one.data_reference_name] = one.to_config()
        elif hasattr(one, "arg_val"):
            run_config.data[one.name] = one
        else:
            raise UserErrorException(
                f"`inputs` holds {given!r} ({type(given).__name__}), which is no input.\n"
                "Use `dataset.as_named_input('name')`, or a path of a datastore."
            )
    if store is not None:
        run_config.source_directory_data_store = getattr(store, "name", str(store))


def _word(value: Any) -> Any:
    """Return a datastore as a reference to all of it, anything else as it is."""
    return value.as_mount() if hasattr(value, "datastore_type") else value
