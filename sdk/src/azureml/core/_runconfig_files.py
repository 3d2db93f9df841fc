"""Files of run configurations: where they lie, and what stands beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azureml.core import _yaml
from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException

_FOLDERS = (".azureml", "aml_config")
_ENDING = ".runconfig"
_ENVIRONMENT_ENDING = "_environment.yml"


def file_to_write(path: Path, name: str) -> Path:
    """Return the file of a configuration: `path` itself, or the one of that name below it."""
    if path.is_file() or path.suffix == _ENDING:
        return path
    return path / _FOLDERS[0] / _with_ending(name)


def file_to_read(path: Path, name: str) -> Path:
    """Return the file of a configuration that is there.

    Raises:
        UserErrorException: There is none; says where it was looked for.
    """
    if path.is_file():
        return path
    places = [path / folder / one for folder in _FOLDERS for one in (_with_ending(name), name)]
    places += [path / _with_ending(name), Path(f"{path}{_ENDING}")]
    found = next((one for one in places if one.is_file()), None)
    if found is None:
        raise UserErrorException(
            f"There is no run configuration `{name}` in `{path.absolute()}`.\nIt is looked for "
            f"as `{_with_ending(name)}` there and in the folders `.azureml` and `aml_config`."
        )
    return found


def write(file: Path, content: dict[str, Any], *, separate_environment: bool) -> None:
    """Write a configuration, with its environment in it or in a file beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = dict(content)
    if separate_environment:
        beside = file.with_name(file.name.removesuffix(_ENDING) + _ENVIRONMENT_ENDING)
        beside.write_text(_yaml.dump_yaml(content["environment"]), "utf-8")
        content["environment"] = beside.name
    file.write_text(_yaml.dump_yaml(content), encoding="utf-8")


def read(file: Path) -> dict[str, Any]:
    """Return what a file says, with the environment and the packages that it only points to.

    Raises:
        UserErrorException: It, or a file that it names, cannot be read or is no mapping.
    """
    content = _mapping(file, "run configuration")
    environment = content.get("environment")
    if isinstance(environment, str):
        environment = _mapping(_beside(file, environment), "environment file")
    if isinstance(environment, dict):
        content["environment"] = _with_packages(file, environment)
    return content


def _with_packages(file: Path, environment: dict[str, Any]) -> dict[str, Any]:
    python = environment.get("python")
    if not isinstance(python, dict):
        return environment
    named = python.get("condaDependenciesFile") or python.get("conda_dependencies_file")
    managed = python.get("userManagedDependencies") or python.get("user_managed_dependencies")
    if not named or managed or python.get("condaDependencies"):
        return environment
    packages = CondaDependencies(str(_beside(file, str(named)))).as_dict()
    return {**environment, "python": {**python, "condaDependencies": packages}}


def _beside(file: Path, named: str) -> Path:
    """Return a file that another names: from its project's folder, or from its own."""
    above = file.parent.parent if file.parent.name in _FOLDERS else file.parent
    found = next((one for one in (above / named, file.parent / named) if one.is_file()), None)
    if found is None:
        raise UserErrorException(
            f"The run configuration `{file}` names the file `{named}`, which is neither in "
            f"`{above.absolute()}` nor beside it."
        )
    return found


def _mapping(file: Path, what: str) -> dict[str, Any]:
    content = _yaml.parse_yaml(_yaml.read_text(file, what), str(file))
    if not isinstance(content, dict):
        raise UserErrorException(f"`{file}` is not a {what}: a mapping is expected.")
    return content


def _with_ending(name: str) -> str:
    return name if name.endswith(_ENDING) else name + _ENDING
