"""Environments: what a run or a web service finds installed."""

from __future__ import annotations

import json
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _late, _yaml
from azureml.core._environment_builds import (
    DockerImageDetails,
    ImageBuildDetails,
    built_or_raise,
    image_details,
)
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
from azureml.core._environment_spec import environment_spec
from azureml.core._nouns import nouns_of
from azureml.core._requirement_files import read_requirements
from azureml.core._sections import Section
from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException
from zaffre_sdk.errors import SdkError
from zaffre_sdk.wire.environments import EnvironmentIn

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_CURATED = "AzureML-"
_CONDA_FILE = "conda_dependencies.yml"


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
        content = dependencies.as_dict()
        content["dependencies"][-1] = {"pip": read_requirements(file_path)}
        dependencies = CondaDependencies(_underlying_structure=content)
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
        """Return an environment on an image, with the packages that are named.

        Without packages it is the interpreter of the image.
        """
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
        """Return an environment on the image that a Dockerfile makes.

        Without packages it is the interpreter of that image. On a server without a container
        engine the packages that the Dockerfile installs are installed instead.
        """
        environment = _with_packages(name, conda_specification, pip_requirements)
        is_file = "\n" not in dockerfile and Path(dockerfile).is_file()
        environment.docker.base_image = None
        environment.docker.base_dockerfile = (
            _yaml.read_text(dockerfile, "Dockerfile") if is_file else dockerfile
        )
        return environment

    @staticmethod
    def from_docker_build_context(
        name: str, docker_build_context: DockerBuildContext
    ) -> Environment:
        """Return an environment on the image that a folder with a Dockerfile makes."""
        environment = _with_packages(name, None, None)
        environment.docker.base_image = None
        environment.docker.build_context = docker_build_context
        return environment

    @staticmethod
    def get(
        workspace: Any, name: str, version: str | None = None, label: str | None = None
    ) -> Environment:
        """Return an environment that is registered, or that every workspace knows.

        Without `version` and `label` it is the newest version.

        Raises:
            UserErrorException: There is none, or both `version` and `label` are given.
        """
        if label is not None and version is not None:
            raise UserErrorException("Only one of `version` and `label` can be given.")
        found = nouns_of(workspace).environments.get(name, version=version, label=label)
        return _from_wire(found)

    @staticmethod
    def list(workspace: Any) -> dict[str, Environment]:
        """Return the newest version of every environment by name, curated ones too."""
        found = nouns_of(workspace).environments.list(curated=True)
        return {one.name: _from_wire(one) for one in found}

    @staticmethod
    def label(workspace: Any, name: str, version: str, labels: Sequence[str]) -> None:
        """Point labels at a version; `Latest` is always the newest."""
        nouns_of(workspace).environments.label(name, version=version, labels=labels)

    @staticmethod
    def add_private_pip_wheel(workspace: Any, file_path: str, exist_ok: bool = False) -> str:
        """Send a wheel to the workspace and return its address, to be added as a pip package.

        Raises:
            UserErrorException: There is no such file; or the workspace has a wheel of that name,
                and `exist_ok` is not set or it is another one.
        """
        file = Path(file_path)
        if not file.is_file():
            raise UserErrorException(f"There is no wheel `{file_path}`.")
        environments = nouns_of(workspace).environments
        if not exist_ok and any(one.name == file.name for one in environments.wheels()):
            raise UserErrorException(
                f"The workspace has a wheel `{file.name}` already.\n"
                "Give yours another version, or pass `exist_ok=True` to use the one that is there."
            )
        address: str = environments.wheel_url(environments.add_wheel(file))
        return address

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
        _keep_password(workspace, self)
        found = nouns_of(workspace).environments.register(
            EnvironmentIn(name=self.name, spec=environment_spec(self), definition=self.to_dict())
        )
        return _from_wire(found)

    def clone(self, new_name: str) -> Environment:
        """Return a copy under another name."""
        copy = deepcopy(self)
        copy.name, copy.version = new_name, None
        return copy

    def build(self, workspace: Any, image_build_compute: str | None = None) -> ImageBuildDetails:
        """Have the environment built ahead of the runs that will need it.

        Args:
            workspace: Where it is registered first, when it is not.
            image_build_compute: Accepted; the server builds.
        """
        environments = nouns_of(workspace).environments
        name, version = self.name or "", self.version
        if not name.startswith(_CURATED):
            registered = self.register(workspace)
            name, version = registered.name or "", registered.version
        started = environments.build(name, version=version)
        return ImageBuildDetails(environments, started.id)

    def build_local(self, workspace: Any, platform: str | None = None, **kwargs: Any) -> None:
        """Build the environment on the machine of the server and print what the build says.

        Args:
            workspace: Where it is registered first, when it is not.
            platform: Accepted; it is built for the machine of the server.
            **kwargs: Accepted, such as `useDocker`.

        Raises:
            UserErrorException: It could not be built, and why.
        """
        built_or_raise(self.build(workspace).wait_for_completion(show_output=True))

    def get_image_details(self, workspace: Any) -> DockerImageDetails:
        """Return whether the environment is built, and where it lies."""
        builds = nouns_of(workspace).environments.builds(self.name or "", version=self.version)
        done = [one for one in builds if one.state == "Succeeded"]
        newest = next(iter(done), next(iter(builds), None))
        return image_details(newest, self.docker.base_dockerfile)

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


class EnvironmentReference(Section):
    """A registered environment by name and version."""

    def __init__(self, name: str, version: str | None = None) -> None:
        self.name, self.version = name, version

    def get_environment(self, workspace: Any) -> Environment:
        """Return the environment."""
        return Environment.get(workspace, self.name, self.version)


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
    environment = Environment(name)
    environment.python.user_managed_dependencies = True
    return environment


def _from_wire(found: Any) -> Environment:
    environment = Environment._from_dict(found.definition)  # noqa: SLF001 - of this module
    environment.name, environment.version = found.name, found.version
    return environment


def _keep_password(workspace: Any, environment: Environment) -> None:
    """Keep the password of a registry as a secret, so that no definition holds it."""
    registry = environment.docker.base_image_registry
    if registry.password:
        place = f"{registry.address} {registry.username}".encode()
        name = f"registry-{sha256(place).hexdigest()[:20]}"
        nouns_of(workspace).secrets.set(name, registry.password)
        registry.password_secret, registry.password = name, None
