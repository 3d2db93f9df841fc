"""Environments: what a run or a web service finds installed."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late, _yaml
from azureml.core._environment_sections import (
    DEFAULT_IMAGE,
    DockerBuildContext,
    DockerEnvironment,
    DockerImagePlatform,
    DockerSection,
    PythonEnvironment,
    PythonSection,
    RCranPackage,
    RGitHubPackage,
    RSection,
    SparkEnvironment,
    SparkPackage,
    SparkSection,
)
from azureml.core._nouns import nouns_of
from azureml.core._pairs import text_values
from azureml.core._sections import Section
from azureml.core._unsupported import Unsupported, unsupported
from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException
from zaffre_sdk.errors import SdkError
from zaffre_sdk.wire.environments import EnvironmentIn, EnvironmentSpec

if TYPE_CHECKING:
    from azureml.core.container_registry import ContainerRegistry

__all__ = [
    "DEFAULT_IMAGE",
    "DockerBuildContext",
    "DockerEnvironment",
    "DockerImageDetails",
    "DockerImagePlatform",
    "DockerSection",
    "Environment",
    "EnvironmentReference",
    "ImageBuildDetails",
    "PythonEnvironment",
    "PythonSection",
    "RCranPackage",
    "RGitHubPackage",
    "RSection",
    "SparkEnvironment",
    "SparkPackage",
    "SparkSection",
]

_DEFINITION_FILE = "azureml_environment.json"
_LATEST = "latest"
_CONDA_FILE = "conda_dependencies.yml"
_IMAGES = "Environments become virtual environments here, built when a run needs them, not images."


class DockerImageDetails(Unsupported):
    """The image of an environment: there are none here."""


class ImageBuildDetails(Unsupported):
    """The building of an image: environments are built when a run needs them."""


class Environment(Section):
    """A named set of packages and environment variables.

    Example:
        >>> environment = Environment("training")
        >>> environment.python.conda_dependencies.add_pip_package("scikit-learn")
    """

    name: str | None = None
    version: str | None = None
    environment_variables: dict[str, str] = {}  # noqa: RUF012 - every object has its own

    def __init__(self, name: str | None, **kwargs: Any) -> None:
        if name is not None and (not isinstance(name, str) or not name.strip()):
            raise UserErrorException(f"`name` must be a string with something in it: {name!r}.")
        self.name = name
        self.version = None
        self.environment_variables = {}
        self.python = PythonSection()
        self.docker = DockerSection()
        self.spark = SparkSection()
        self.r: RSection | None = None
        self.inferencing_stack_version: str | None = None

    def __repr__(self) -> str:
        return f"Environment(Name: {self.name}, Version: {self.version})"

    def __str__(self) -> str:
        return json.dumps(self.to_dict(), indent=4)

    @staticmethod
    def from_conda_specification(name: str, file_path: str) -> Environment:
        """Return an environment with the packages of a conda file."""
        environment = Environment(name)
        environment.python.conda_dependencies_file = file_path
        return environment

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str, pip_version: str | None = None
    ) -> Environment:
        """Return an environment with the packages of a `requirements.txt`."""
        environment = Environment(name)
        dependencies = CondaDependencies()
        text = _yaml.read_text(file_path, "requirements file")
        lines = [line.split(" #")[0].strip() for line in text.splitlines()]
        wanted = [line for line in lines if line and not line.startswith("#")]
        dependencies.set_pip_requirements([one for one in wanted if not one.startswith("-")])
        for option in (one for one in wanted if one.startswith("-")):
            dependencies.set_pip_option(option)
        if pip_version:
            dependencies.add_conda_package(f"pip={pip_version}")
        environment.python.conda_dependencies = dependencies
        return environment

    @staticmethod
    def from_existing_conda_environment(
        name: str, conda_environment_name: str
    ) -> Environment | None:
        """Return an environment with the packages of a conda environment of this machine."""
        try:
            text = _late.find("zaffre_sdk.tracking.conda", "export")(conda_environment_name)
        except SdkError as error:
            raise UserErrorException(error.message, error) from error
        environment = Environment(name)
        content = _yaml.parse_yaml(text, f"conda env export {conda_environment_name}")
        environment.python.conda_dependencies = CondaDependencies(_underlying_structure=content)
        return environment

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: str | None = None,
        pip_requirements: str | None = None,
    ) -> Environment:
        """Return an environment that names an image; only its packages are used here."""
        environment = _with_packages(name, conda_specification, pip_requirements)
        environment.docker.base_image = image
        if container_registry is not None:
            environment.docker.base_image_registry = container_registry
        return environment

    @staticmethod
    def from_dockerfile(
        name: str,
        dockerfile: str,
        conda_specification: str | None = None,
        pip_requirements: str | None = None,
    ) -> Environment:
        """Return an environment that carries a Dockerfile; only its packages are used here."""
        environment = _with_packages(name, conda_specification, pip_requirements)
        is_file = "\n" not in dockerfile and Path(dockerfile).is_file()
        environment.docker.base_image = None
        environment.docker.base_dockerfile = (
            _yaml.read_text(dockerfile, "Dockerfile") if is_file else dockerfile
        )
        return environment

    @staticmethod
    def get(
        workspace: Any, name: str, version: str | None = None, label: str | None = None
    ) -> Environment:
        """Return a registered environment; the newest version without `version`.

        Raises:
            UserErrorException: `label` is another one than `Latest`.
        """
        if label is not None and (version is not None or label.lower() != _LATEST):
            raise UserErrorException(
                f"`label` may be `Latest`, and that without `version`, not {label!r}."
            )
        found = nouns_of(workspace).environments.get(name, version=version)
        return _from_wire(found)

    @staticmethod
    def list(workspace: Any) -> dict[str, Environment]:
        """Return the newest version of every registered environment by name."""
        found = nouns_of(workspace).environments.list()
        return {one.name: _from_wire(one) for one in found}

    @staticmethod
    def load_from_directory(path: str) -> Environment:
        """Return the environment that `save_to_directory` wrote."""
        folder = Path(path)
        file = folder / _DEFINITION_FILE
        content = _yaml.parse_json(_yaml.read_text(file, "environment file"), str(file))
        environment = Environment._from_dict(content)
        if (folder / _CONDA_FILE).is_file():
            environment.python.conda_dependencies = CondaDependencies(str(folder / _CONDA_FILE))
        return environment

    def save_to_directory(self, path: str, overwrite: bool = False) -> None:
        """Write the environment to files that people can read and change."""
        folder = Path(path)
        if (folder / _DEFINITION_FILE).exists() and not overwrite:
            raise UserErrorException(
                f"The folder `{folder}` holds an environment already.\n"
                "Pass `overwrite=True` to replace it."
            )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _DEFINITION_FILE).write_text(str(self), encoding="utf-8")
        if self.python.conda_dependencies is not None:
            self.python.conda_dependencies.save(str(folder / _CONDA_FILE))

    def register(self, workspace: Any) -> Environment:
        """Keep the environment in the workspace; an equal one keeps its version."""
        if not self.name:
            raise UserErrorException("An environment needs a `name` to be registered.")
        found = nouns_of(workspace).environments.register(
            EnvironmentIn(name=self.name, spec=environment_spec(self), definition=self.to_dict())
        )
        return _from_wire(found)

    def clone(self, new_name: str) -> Environment:
        """Return a copy under another name."""
        copy = deepcopy(self)
        copy.name, copy.version = new_name, None
        return copy

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has said anything about it: no name, no packages, no interpreter."""
        python = self.python
        return (
            self.name is None
            and not python.user_managed_dependencies
            and python.interpreter_path == "python"
            and python.conda_dependencies == CondaDependencies()
        )

    @classmethod
    def _from_dict(cls, content: Any) -> Environment:
        if not isinstance(content, dict):
            raise UserErrorException("An environment is a mapping of settings.")
        content = dict(content)
        environment = Environment(content.pop("name", None))
        environment.environment_variables = {}
        return environment.update(content)

    build = unsupported("Environment.build", _IMAGES)
    build_local = unsupported("Environment.build_local", _IMAGES)
    get_image_details = unsupported("Environment.get_image_details", _IMAGES)
    from_docker_build_context = staticmethod(
        unsupported("Environment.from_docker_build_context", _IMAGES)
    )
    label = staticmethod(unsupported("Environment.label"))
    add_private_pip_wheel = staticmethod(
        unsupported(
            "Environment.add_private_pip_wheel",
            "Put the wheel beside the script and name its path as a pip package.",
        )
    )


class EnvironmentReference(Section):
    """A registered environment by name and version."""

    def __init__(self, name: str, version: str | None = None) -> None:
        self.name, self.version = name, version

    def get_environment(self, workspace: Any) -> Environment:
        """Return the environment."""
        return Environment.get(workspace, self.name, self.version)


def environment_spec(environment: Environment) -> EnvironmentSpec:
    """Return what the server is asked to build for `environment`.

    An environment about which nothing was said, and one that manages its packages itself, is the
    interpreter that runs this program: people expect a run to find what they have installed.

    Raises:
        UserErrorException: It holds pip options, which builds do not take.
    """
    variables = text_values(environment.environment_variables or {}, "environment_variables")
    python = environment.python
    if environment.is_untouched or python.user_managed_dependencies:
        path = python.interpreter_path
        return EnvironmentSpec(
            interpreter=sys.executable if path == "python" else path, variables=variables
        )
    dependencies = python.conda_dependencies
    if dependencies is None:
        return EnvironmentSpec(variables=variables)
    _refuse_options(dependencies, environment.name)
    conda_packages = [one for one in dependencies.conda_packages if one.strip() != "pip"]
    pip_packages = list(dependencies.pip_packages)
    return EnvironmentSpec(
        python_version=dependencies.get_python_version(),
        conda_packages=conda_packages,
        channels=dependencies.conda_channels,
        pip_packages=pip_packages,
        preferred_packages=_preferred(conda_packages + pip_packages),
        variables=variables,
    )


def _with_packages(
    name: str, conda_specification: str | None, pip_requirements: str | None
) -> Environment:
    if conda_specification and pip_requirements:
        raise UserErrorException(
            "`conda_specification` and `pip_requirements` cannot be given together."
        )
    if conda_specification:
        return Environment.from_conda_specification(name, conda_specification)
    if pip_requirements:
        return Environment.from_pip_requirements(name, pip_requirements)
    return Environment(name)


def _from_wire(found: Any) -> Environment:
    environment = Environment._from_dict(found.definition)  # noqa: SLF001 - of this module
    environment.name, environment.version = found.name, found.version
    return environment


def _refuse_options(dependencies: CondaDependencies, name: str | None) -> None:
    options = dependencies.pip_options
    if options:
        raise UserErrorException(
            f"The environment `{name}` holds the pip option `{options[0]}`; "
            "builds take packages only.\n"
            "Remove it with `remove_pip_option`; the index is a setting of the server."
        )


def _preferred(requirements: list[str]) -> list[str]:
    # Reading what is installed is slow to load, and only programs that build need it.
    preferred = _late.find("zaffre_sdk.tracking.installed", "preferred_packages")
    found: list[str] = preferred(requirements)
    return found
