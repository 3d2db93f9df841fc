"""A run that is a program of Spark: what it may say, and what its environment needs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import InvalidError

PYSPARK: Final = "pyspark"
JAVA: Final = "openjdk"
"""A package of Conda."""
_HOME: Final = "SPARK_HOME"
_FIRST_OF_FOUR: Final = 17
"""The oldest Java that Spark 4 runs on."""
_MAX_SETTINGS: Final = 500
_MAX_VALUE: Final = 65_536
_MAX_PACKAGES: Final = 200
_SETTING = re.compile(r"[A-Za-z][\w.\-]{0,254}")
_PACKAGE = re.compile(r"[^\s:,]{1,200}:[^\s:,]{1,200}:[^\s:,]{1,200}")
_REPOSITORY = re.compile(r"https?://[^\s,]{1,1000}")
_PROJECT = re.compile(r"[\w.\-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """How the script of a run is a program of Spark.

    Attributes:
        configuration: Settings of Spark, such as `spark.driver.memory`.
        packages: Packages of Maven that Spark fetches, as `group:artifact:version`.
        repositories: Where it looks for them besides Maven Central.
    """

    configuration: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()


def check_spark(spark: Spark) -> None:
    """Refuse what Spark could not be told.

    Raises:
        InvalidError: `InvalidSparkSetting`, naming the field.
    """
    if len(spark.configuration) > _MAX_SETTINGS:
        raise _refused(
            f"There are {len(spark.configuration)} settings; at most {_MAX_SETTINGS} are taken.",
            "configuration",
        )
    for name, value in spark.configuration.items():
        if not _SETTING.fullmatch(name) or len(value) > _MAX_VALUE or "\0" in value:
            raise _refused(f"The setting {shown(name)} is not allowed.", "configuration")
    _check_all(spark.packages, _PACKAGE, "packages", "`group:artifact:version`")
    _check_all(spark.repositories, _REPOSITORY, "repositories", "an address of the web")


def with_pyspark(spec: EnvironmentSpec, javas: Iterable[int]) -> EnvironmentSpec:
    """Return an environment that has PySpark, in a version that fits its Python and the Javas.

    Which one fits the Python, packages say themselves. An interpreter is left as it is, and so
    is what brings a Spark of its own.

    Args:
        spec: What was asked for.
        javas: The numbers of those that there are, such as 17; 0 is one that nobody knows.
    """
    if spec.interpreter is not None or _HOME in spec.variables or PYSPARK in _named(spec):
        return spec
    known = list(javas)
    is_old = bool(known) and 0 not in known and max(known) < _FIRST_OF_FOUR
    added = f"{PYSPARK}<4" if is_old else f"{PYSPARK}<5"
    return replace(spec, pip_packages=(*spec.pip_packages, added))


def brings_java(spec: EnvironmentSpec) -> bool:
    """Tell whether an environment has a Java of its own."""
    return JAVA in _named(spec)


def _named(spec: EnvironmentSpec) -> set[str]:
    """Return the packages that an environment names."""
    conda = (line.rpartition("::")[2] for line in spec.conda_packages)
    named = (_PROJECT.match(line.strip()) for line in (*spec.pip_packages, *conda))
    wheels = (name.partition("-")[0] for name in spec.wheels)
    return {*(found[0].lower() for found in named if found), *map(str.lower, wheels)}


def _check_all(words: tuple[str, ...], pattern: re.Pattern[str], name: str, expected: str) -> None:
    if len(words) > _MAX_PACKAGES:
        raise _refused(f"There are {len(words)} {name}; at most {_MAX_PACKAGES} are taken.", name)
    for word in words:
        if not pattern.fullmatch(word):
            raise _refused(f"{shown(word)} in `{name}` is not {expected}.", name)


def _refused(message: str, name: str) -> InvalidError:
    return InvalidError("InvalidSparkSetting", message, target=f"spec.spark.{name}")
