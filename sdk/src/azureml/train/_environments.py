"""From the ways to ask an estimator for packages to an environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from azureml.core.conda_dependencies import CondaDependencies, is_option, package_name
from azureml.core.environment import Environment
from azureml.core.runconfig import DEFAULT_GPU_IMAGE, DockerConfiguration
from azureml.exceptions import TrainingException, UserErrorException
from zaffre_sdk.notices import notice

if TYPE_CHECKING:
    from azureml.train._releases import Framework


class Asked(Protocol):
    """What an estimator was asked for."""

    source_directory: str | None
    use_gpu: bool | None
    use_docker: bool | None
    custom_docker_image: str | None
    image_registry_details: Any
    user_managed: bool
    conda_packages: list[str] | None
    pip_packages: list[str] | None
    conda_dependencies_file: str | None
    pip_requirements_file: str | None
    environment_definition: Environment | None
    shm_size: str | None
    framework: Framework | None
    framework_version: str | None


def environment_of(asked: Asked) -> Environment:
    """Return the environment that the settings of an estimator come to.

    Raises:
        TrainingException: `environment_definition` is something else.
        UserErrorException: A file of packages is not there.
    """
    given = asked.environment_definition
    if given is not None:
        if not isinstance(given, Environment):
            raise TrainingException(
                f"`environment_definition` must be an Environment, not {given!r}."
            )
        return given
    environment = Environment(None)
    environment.python.user_managed_dependencies = asked.user_managed
    environment.python.conda_dependencies = _packages(asked)
    if asked.use_gpu:
        environment.docker.base_image = DEFAULT_GPU_IMAGE
    if asked.custom_docker_image:
        environment.docker.base_image = asked.custom_docker_image
    if asked.image_registry_details is not None:
        environment.docker.base_image_registry = asked.image_registry_details
    return environment


def docker_of(asked: Asked) -> DockerConfiguration:
    """Return whether and how the run is put into a container."""
    section = asked.environment_definition.docker if asked.environment_definition else None
    if section is not None and section.enabled is not None:
        return DockerConfiguration(
            bool(section.enabled), arguments=list(section.arguments), shm_size=section.shm_size
        )
    # Every estimator of v1 ran in a container of Azure's own images, which need none here.
    docker = DockerConfiguration(bool(asked.use_docker and asked.custom_docker_image))
    docker.shm_size = asked.shm_size or docker.shm_size
    return docker


def _packages(asked: Asked) -> CondaDependencies:
    folder = Path(asked.source_directory or ".")
    if asked.conda_dependencies_file:
        return CondaDependencies(str(_below(folder, asked.conda_dependencies_file)))
    packages = CondaDependencies()
    for line in _pip_lines(asked, folder):
        if is_option(line):
            packages.set_pip_option(line)
        else:
            packages.add_pip_package(line)
    for package in asked.conda_packages or []:
        packages.add_conda_package(package)
    if asked.framework is not None and not asked.user_managed:
        _add_framework(packages, asked.framework, asked.framework_version)
    return packages


def _pip_lines(asked: Asked, folder: Path) -> list[str]:
    lines: list[str] = []
    if asked.pip_requirements_file:
        file = _below(folder, asked.pip_requirements_file)
        found = Environment.from_pip_requirements("file", str(file)).python.conda_dependencies
        if found is not None:
            lines += [*found.pip_options, *found.pip_packages]
    return [*lines, *(asked.pip_packages or [])]


def _add_framework(packages: CondaDependencies, framework: Framework, version: str | None) -> None:
    """Add the packages of a framework, but for those that were asked for already."""
    present = _minor(packages.get_python_version())
    python = framework.python_for(present)
    if python != present:
        packages.set_python_version(python)
    asked = {package_name(one) for one in (*packages.pip_packages, *packages.conda_packages)}
    lines = framework.requirements(version, python)
    wanted = [line for line in lines if package_name(line) not in asked]
    packages.set_pip_requirements([*packages.pip_packages, *wanted])
    if version in framework.asked_in_v1 and lines[0] in wanted:
        notice(
            f"{framework.package} {version} runs on no Python from 3.9 on; `{lines[0]}` takes its "
            f"place, the closest one for Python {python}"
        )


def _minor(python: str | None) -> str:
    """Return the version of Python as two numbers; without one, that of this program."""
    numbers = (python or "").split(".")[:2]
    return ".".join(numbers if len(numbers) > 1 else map(str, sys.version_info[:2]))


def _below(folder: Path, name: str) -> Path:
    file = folder / name
    if not file.is_file():
        raise UserErrorException(
            f"The file `{name}` is not in the `source_directory` `{folder.absolute()}`."
        )
    return file
