"""From what v1 calls things to what the server is asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.environments import EnvironmentSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.environment import Environment


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
    return EnvironmentSpec(
        python_version=dependencies.get_python_version(),
        conda_packages=[one for one in dependencies.conda_packages if one.strip() != "pip"],
        channels=dependencies.conda_channels,
        pip_packages=dependencies.pip_packages,
        variables=variables,
    )


def text_values(values: Mapping[str, object], argument: str) -> dict[str, str]:
    """Return `values` with text in place of numbers and truth values.

    Raises:
        UserErrorException: A key or value is of another type; names both.
    """
    checked: dict[str, str] = {}
    if not hasattr(values, "items"):
        raise UserErrorException(f"`{argument}` must be a dictionary, not {values!r}.")
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, (str, int, float)):
            raise UserErrorException(
                f"`{argument}` must hold text: `{key}` is {value!r} ({type(value).__name__})."
            )
        checked[key] = str(value)
    return checked


def _refuse_options(dependencies: CondaDependencies, name: str | None) -> None:
    options = dependencies.pip_options
    if options:
        raise UserErrorException(
            f"The environment `{name}` holds the pip option `{options[0]}`; "
            "builds take packages only.\n"
            "Remove it with `remove_pip_option`; the index is a setting of the server."
        )
