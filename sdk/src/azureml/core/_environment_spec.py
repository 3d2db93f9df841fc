"""What the server is asked to build for an environment."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from azureml.core import _late, _yaml
from azureml.core._environment_sections import DEFAULT_IMAGE
from azureml.core._pairs import text_values
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.environments import EnvironmentSpec, Image

if TYPE_CHECKING:
    from azureml.core._environment_sections import DockerSection
    from azureml.core.conda_dependencies import CondaDependencies

_OPTIONS = frozenset(
    {
        *("-i", "-f", "--index-url", "--extra-index-url", "--find-links", "--trusted-host"),
        *("--pre", "--no-index", "--no-binary", "--only-binary", "--prefer-binary"),
        *("--no-cache-dir", "--upgrade", "-U", "--quiet", "-q", "--timeout", "--retries"),
        *("--disable-pip-version-check", "--default-timeout", "--use-feature", "--no-input"),
        *("--no-warn-script-location", "--progress-bar", "--root-user-action", "--user"),
    }
)
_WHEEL = re.compile(
    r"(?:[\w.\-]+\s*@\s*)?https?://[^\s/]+/api/v1/workspaces/[^/\s]+/wheels/"
    r"(?P<name>[^/#\s]+)(?:#sha256=(?P<digest>[0-9a-f]{64}))?"
)
# Images with an operating system, conda and MPI, which this machine has itself.
_PLAIN = re.compile(r"mcr\.microsoft\.com/azureml/(?!curated/).+")


def environment_spec(environment: Any) -> EnvironmentSpec:
    """Return what the server is asked to build for `environment`.

    An environment about which nothing was said, and one that manages its packages itself, is the
    interpreter that runs this program: people expect a run to find what they have installed. One
    that manages its packages in an image of its own is the interpreter of that image.

    Raises:
        UserErrorException: It holds a pip option, a wheel or a registry that cannot be used.
    """
    variables = text_values(environment.environment_variables or {}, "environment_variables")
    python = environment.python
    image = image_of(environment.docker)
    if image is None and (environment.is_untouched or python.user_managed_dependencies):
        path = python.interpreter_path
        return EnvironmentSpec(
            interpreter=sys.executable if path == "python" else path, variables=variables
        )
    if python.user_managed_dependencies:
        return EnvironmentSpec(
            interpreter=python.interpreter_path, image=image, variables=variables
        )
    dependencies = python.conda_dependencies
    if dependencies is None:
        return EnvironmentSpec(image=image, variables=variables)
    return _packages(dependencies, environment.name, image=image, variables=variables)


def image_of(docker: DockerSection) -> Image | None:
    """Return the image that an environment is built on; None where this machine will do.

    Raises:
        UserErrorException: The password of its registry was not kept yet.
    """
    registry = docker.base_image_registry
    # Whatever is built: a password that is not kept would stand in the definition of the run.
    if registry.password and not registry.password_secret:
        raise UserErrorException(
            f"The password of the registry `{registry.address}` is not kept yet.\n"
            "Register the environment first, which keeps it as a secret of the workspace."
        )
    context = docker.build_context
    if context is not None:
        if not context.dockerfile:
            raise UserErrorException(
                "The build context holds no Dockerfile.\n"
                "Make it with `DockerBuildContext.from_local_directory(workspace, path)`."
            )
        return Image(dockerfile=context.dockerfile, files=dict(context.files))
    if docker.base_dockerfile:
        return Image(dockerfile=_text_of(docker.base_dockerfile))
    image = docker.base_image
    if image in (None, "", DEFAULT_IMAGE) or _PLAIN.fullmatch(str(image)):
        return None
    return Image(
        name=str(image),
        registry=registry.address or "",
        username=registry.username or "",
        password_secret=registry.password_secret or "",
    )


def _packages(
    dependencies: CondaDependencies,
    name: str | None,
    *,
    image: Image | None,
    variables: dict[str, str],
) -> EnvironmentSpec:
    conda_packages = [one for one in dependencies.conda_packages if one.strip() != "pip"]
    pip_packages: list[str] = []
    wheels: dict[str, str] = {}
    for line in dependencies.pip_packages:
        found = _WHEEL.fullmatch(line.strip())
        if found is None:
            pip_packages.append(line)
        else:
            wheels.update([_wheel(line, found)])
    return EnvironmentSpec(
        python_version=dependencies.get_python_version(),
        conda_packages=conda_packages,
        channels=dependencies.conda_channels,
        pip_packages=pip_packages,
        preferred_packages=_preferred(conda_packages + pip_packages),
        pip_options=_checked_options(dependencies.pip_options, name),
        wheels=wheels,
        image=image,
        variables=variables,
    )


def _wheel(line: str, found: re.Match[str]) -> tuple[str, str]:
    if not found["digest"]:
        raise UserErrorException(
            f"`{line}` lacks what tells the wheel from others: `#sha256=…`.\n"
            "Use the whole address that `Environment.add_private_pip_wheel` gave."
        )
    return unquote(found["name"]), found["digest"]


def _checked_options(options: list[str], name: str | None) -> list[str]:
    for option in options:
        word = re.split(r"[\s=]", option.strip(), maxsplit=1)[0]
        if word not in _OPTIONS:
            raise UserErrorException(
                f"The environment `{name}` holds the pip option `{option}`, which is not taken.\n"
                "Taken are those that say where packages come from (`--index-url`, "
                "`--extra-index-url`, `--find-links`, `--trusted-host`) and which of them "
                "(`--pre`, `--no-binary`, `--only-binary`)."
            )
    return options


def _text_of(dockerfile: str) -> str:
    is_file = "\n" not in dockerfile and Path(dockerfile).is_file()
    return _yaml.read_text(dockerfile, "Dockerfile") if is_file else dockerfile


def _preferred(requirements: list[str]) -> list[str]:
    # Reading what is installed is slow to load, and only programs that build need it.
    preferred = _late.find("zaffre_sdk.tracking.installed", "preferred_packages")
    found: list[str] = preferred(requirements)
    return found
