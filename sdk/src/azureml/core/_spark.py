"""Programs of Spark: from the settings of v1 to what the server takes."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from azureml.core._environment_spec import environment_spec
from azureml.exceptions import RunConfigurationException
from zaffre_sdk.wire.environments import EnvironmentSpec
from zaffre_sdk.wire.runs import Spark

if TYPE_CHECKING:
    from azureml.core.environment import Environment
    from azureml.core.runconfig import RunConfiguration

_FRAMEWORK = "pyspark"
_PARTS = ("group", "artifact", "version")
# What Spark needs to give tables to pandas, and to run functions on columns.
_BESIDE = ("pandas<3", "pyarrow")


def is_spark(run_config: RunConfiguration) -> bool:
    """Tell whether the script is a program of Spark."""
    return str(run_config.framework or "").lower() == _FRAMEWORK


def spark_of(run_config: RunConfiguration) -> Spark | None:
    """Return how a run is a program of Spark; None is no such run.

    Raises:
        RunConfigurationException: A setting or a package cannot be read.
    """
    if not is_spark(run_config):
        return None
    section = run_config.environment.spark
    return Spark(
        configuration=_settings(run_config.spark.configuration or {}),
        packages=[_coordinates(package) for package in section.packages or ()],
        repositories=[str(address) for address in section.repositories or ()],
    )


def spark_environment(environment: Environment) -> EnvironmentSpec:
    """Return what the server is asked to build for a program of Spark.

    About an environment of which nothing was said, Azure's pools know what is in it. Here it is
    the interpreter that submits, if that has PySpark, or else one of its version with PySpark.
    """
    spec = environment_spec(environment)
    is_own = spec.image is None and environment.is_untouched
    if not is_own or find_spec(_FRAMEWORK) is not None:
        return spec
    version = ".".join(map(str, sys.version_info[:2]))
    return EnvironmentSpec(
        python_version=version, pip_packages=list(_BESIDE), variables=spec.variables
    )


def _settings(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise RunConfigurationException(
            f"`spark.configuration` must be a dictionary of settings, not {given!r}."
        )
    return {str(name): _text(name, value) for name, value in given.items() if value is not None}


def _text(name: Any, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise RunConfigurationException(
            f"The setting `{name}` of Spark must be text, a number or a truth value, not "
            f"{value!r}."
        )
    return str(value)


def _coordinates(package: Any) -> str:
    """Return a package of Maven, as an object or as files of run configurations hold it."""
    said = [
        package.get(part) if isinstance(package, dict) else getattr(package, part, None)
        for part in _PARTS
    ]
    if not all(said):
        raise RunConfigurationException(
            "A package of Spark has a `group`, an `artifact` and a `version`, not "
            f"{dict(zip(_PARTS, said))}."
        )
    return ":".join(map(str, said))
