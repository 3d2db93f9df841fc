"""Which packages an environment needs, in the form of a conda environment file."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml.core import _yaml
from azureml.core._requirement_files import expanded
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CondaDependencies"]

CHANNELS = ("anaconda", "conda-forge")
DEFAULT_PIP_PACKAGES = ("azureml-defaults",)
_NAME = re.compile(r"(?:[^:\s]+::)?\s*([A-Za-z0-9._\-]+)")
_DEFAULT_FILE = "conda_dependencies.yml"


def default_python() -> str:
    """Return the version of the interpreter that runs this program: what people expect to get."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def package_name(requirement: str) -> str:
    """Return the name in a conda or pip requirement, in lower case with dashes."""
    found = _NAME.match(requirement.strip())
    return re.sub(r"[._-]+", "-", found.group(1)).lower() if found else requirement.strip().lower()


def is_option(line: str) -> bool:
    """Return whether a line of a pip section is an option rather than a package."""
    return line.strip().startswith("-")


class CondaDependencies:
    """The packages of an environment.

    Args:
        conda_dependencies_file_path: A conda environment file; without one, the packages of a
            fresh environment: this program's Python and `azureml-defaults`.
    """

    DEFAULT_NUMBER_OF_CONDA_PACKAGES = 0
    DEFAULT_NUMBER_OF_PIP_PACKAGES = len(DEFAULT_PIP_PACKAGES)

    def __init__(
        self,
        conda_dependencies_file_path: str | None = None,
        _underlying_structure: dict[str, Any] | None = None,
    ) -> None:
        if conda_dependencies_file_path is not None:
            where = str(conda_dependencies_file_path)
            text = _yaml.read_text(where, "conda file")
            self._content = _checked(_yaml.parse_yaml(text, where), where)
            for section in self._content["dependencies"]:
                if isinstance(section, dict):
                    lines = expanded(section["pip"], Path(where).parent)
                    section["pip"] = list(dict.fromkeys(lines))
        elif _underlying_structure is not None:
            self._content = _checked(_underlying_structure, "conda_dependencies")
        else:
            self._content = {
                "name": "project_environment",
                "dependencies": [f"python={default_python()}", {"pip": [*DEFAULT_PIP_PACKAGES]}],
                "channels": [*CHANNELS],
            }

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: list[str] | None = None,
        conda_packages: list[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,
    ) -> CondaDependencies:
        """Return the packages that are named; without `pip_packages`, `azureml-defaults` too.

        Args:
            pip_indexurl: Kept as the pip option `--index-url`.
            pip_packages: Requirement lines.
            conda_packages: Such as `conda-forge::scikit-learn=1.3`.
            python_version: Such as `3.8`; that of this program when it is left out.
            pin_sdk_version: Accepted; `azureml-…` packages always stand for the installed SDK.
        """
        made = CondaDependencies()
        if python_version:
            made.set_python_version(python_version)
        if pip_packages is not None:
            made.set_pip_requirements(_strings(pip_packages, "pip_packages"))
        for package in _strings(conda_packages or (), "conda_packages"):
            made.add_conda_package(package)
        if pip_indexurl:
            made.set_pip_index_url(pip_indexurl)
        return made

    @staticmethod
    def merge_requirements(requirements: list[str]) -> list[str]:
        """Return the requirements with those of one package joined by commas."""
        merged: dict[str, tuple[str, list[str]]] = {}
        for requirement in requirements:
            found = re.match(r"\s*([A-Za-z0-9._\-]+(?:\[[^\]]*\])?)\s*(.*)", requirement)
            head, bounds = found.groups() if found else (requirement, "")
            known = merged.setdefault(package_name(head), (head, []))[1]
            known += [one.strip() for one in bounds.split(",") if one.strip() not in ("", *known)]
        return [head + ",".join(bounds) for head, bounds in merged.values()]

    @staticmethod
    def sdk_origin_url() -> str:
        """Return the index that packages come from."""
        return "https://pypi.org/simple"

    @property
    def conda_channels(self) -> list[str]:
        """The channels in order of preference."""
        return list(self._content["channels"])

    @property
    def conda_packages(self) -> list[str]:
        """The conda packages, without Python."""
        return [one for one in self._conda() if package_name(one) != "python"]

    @property
    def pip_packages(self) -> list[str]:
        """The pip packages, without options."""
        return [one for one in self._pip() if not is_option(one)]

    @property
    def pip_options(self) -> list[str]:
        """The options of the pip section, such as `--index-url …`."""
        return [one for one in self._pip() if is_option(one)]

    def get_default_number_of_packages(self) -> tuple[int, int]:
        """Return how many conda and pip packages a fresh environment names."""
        return self.DEFAULT_NUMBER_OF_CONDA_PACKAGES, self.DEFAULT_NUMBER_OF_PIP_PACKAGES

    def get_python_version(self) -> str | None:
        """Return the version of Python that is asked for, or None."""
        for one in self._conda():
            if package_name(one) == "python":
                return re.sub(r"^\S*?python\s*=*\s*", "", one.strip()) or None
        return None

    def set_python_version(self, version: str) -> None:
        """Ask for this version of Python."""
        kept = [
            one
            for one in self._content["dependencies"]
            if isinstance(one, dict) or package_name(one) != "python"
        ]
        self._content["dependencies"] = [f"python={version}", *kept]

    def add_channel(self, channel: str) -> None:
        """Add a channel behind the others."""
        if channel not in self._content["channels"]:
            self._content["channels"].append(channel)

    def remove_channel(self, channel: str) -> None:
        """Take a channel away."""
        self._content["channels"] = [one for one in self._content["channels"] if one != channel]

    def add_conda_package(self, conda_package: str) -> None:
        """Add a conda package, in place of another requirement for it."""
        (package,) = _strings([conda_package], "conda_package")
        if package_name(package) == "python":
            self.set_python_version(re.sub(r"^\S*?python\s*=*\s*", "", package.strip()))
            return
        self.remove_conda_package(package)
        dependencies = self._content["dependencies"]
        first_section = next(
            (i for i, one in enumerate(dependencies) if isinstance(one, dict)), len(dependencies)
        )
        dependencies.insert(first_section, package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Take a conda package away, whatever its version."""
        name = package_name(conda_package)
        self._content["dependencies"] = [
            one
            for one in self._content["dependencies"]
            if isinstance(one, dict) or package_name(one) != name
        ]

    def add_pip_package(self, pip_package: str) -> None:
        """Add a pip package, in place of another requirement for it."""
        (package,) = _strings([pip_package], "pip_package")
        self.remove_pip_package(package)
        self._pip().append(package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Take a pip package away, whatever its version."""
        name = package_name(pip_package)
        pip = self._pip()
        pip[:] = [one for one in pip if is_option(one) or package_name(one) != name]

    def set_pip_requirements(self, pip_requirements: list[str]) -> None:
        """Replace the pip packages; options stay."""
        packages = _strings(pip_requirements, "pip_requirements")
        self._pip()[:] = [*self.pip_options, *dict.fromkeys(packages)]

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option, in place of an equal one with another value."""
        self.remove_pip_option(pip_option)
        self._pip().insert(0, pip_option)

    def remove_pip_option(self, pip_option: str) -> None:
        """Take an option away, whatever its value."""
        name = _option_name(pip_option)
        pip = self._pip()
        pip[:] = [one for one in pip if not (is_option(one) and _option_name(one) == name)]

    def set_pip_index_url(self, index_url: str) -> None:
        """Ask for another index of packages."""
        self.set_pip_option(f"--index-url {index_url}")

    def add_tensorflow_conda_package(
        self, core_type: str = "cpu", version: str | None = None
    ) -> None:
        """Add TensorFlow from conda, for `cpu` or `gpu`."""
        self.add_conda_package(_tensorflow(core_type) + (f"={version}" if version else ""))

    def add_tensorflow_pip_package(
        self, core_type: str = "cpu", version: str | None = None
    ) -> None:
        """Add TensorFlow from pip, for `cpu` or `gpu`."""
        self.add_pip_package(_tensorflow(core_type) + (f"=={version}" if version else ""))

    def add_cntk_package(self, core_type: str = "cpu") -> None:
        """Add CNTK from pip, for `cpu` or `gpu`."""
        self.add_pip_package("cntk-gpu" if _core_type(core_type) == "gpu" else "cntk")

    def as_dict(self) -> dict[str, Any]:
        """Return the content of the conda file."""
        dependencies = [
            {key: list(lines) for key, lines in one.items()} if isinstance(one, dict) else one
            for one in self._content["dependencies"]
        ]
        return {
            **self._content,
            "channels": list(self._content["channels"]),
            "dependencies": dependencies,
        }

    def serialize_to_string(self) -> str:
        """Return the text of the conda file."""
        return _yaml.dump_yaml(self.as_dict())

    def save(self, path: str | None = None) -> str:
        """Write the conda file and return its path."""
        file = Path(path or _DEFAULT_FILE)
        if file.is_dir():
            file /= _DEFAULT_FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.serialize_to_string(), encoding="utf-8")
        return str(file)

    def save_to_file(self, base_directory: str, conda_file_path: str | None = None) -> str:
        """Write the conda file below a folder and return its path there."""
        relative = conda_file_path or _DEFAULT_FILE
        self.save(str(Path(base_directory) / relative))
        return relative

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaDependencies) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment] # it changes

    def _conda(self) -> list[str]:
        return [one for one in self._content["dependencies"] if not isinstance(one, dict)]

    def _pip(self) -> list[str]:
        for one in self._content["dependencies"]:
            if isinstance(one, dict) and "pip" in one:
                lines: list[str] = one["pip"]
                return lines
        section: dict[str, list[str]] = {"pip": []}
        self._content["dependencies"].append(section)
        return section["pip"]


def _strings(values: Iterable[Any], argument: str) -> list[str]:
    if isinstance(values, str):
        raise UserErrorException(
            f"`{argument}` must be a list of strings, not the string `{values}`."
        )
    checked = list(values)
    for one in checked:
        if not isinstance(one, str) or not one.strip():
            raise UserErrorException(
                f"`{argument}` must hold package names, not {one!r} ({type(one).__name__})."
            )
    return checked


def _checked(content: Any, where: str) -> dict[str, Any]:
    """Return a copy in which channels, dependencies and one pip section are lists of strings."""
    if not isinstance(content, dict):
        raise UserErrorException(
            f"`{where}` is not a conda file: a mapping with `dependencies` is expected, "
            f"not {type(content).__name__}."
        )
    conda: list[Any] = []
    pip: list[str] = []
    has_pip = False
    for one in _lines(content.get("dependencies"), where, "dependencies"):
        if isinstance(one, dict):
            has_pip = True
            pip += [str(line) for line in _pip_lines(one, where)]
        else:
            conda += [str(line) for line in _flat(one)]
    channels = [str(one) for one in _lines(content.get("channels"), where, "channels")]
    dependencies = [*conda, {"pip": list(dict.fromkeys(pip))}] if has_pip else conda
    return {**content, "channels": channels, "dependencies": dependencies}


def _pip_lines(section: dict[Any, Any], where: str) -> list[Any]:
    unknown = [key for key in section if key != "pip"]
    if unknown:
        raise UserErrorException(
            f"`{where}`: `dependencies` holds a section `{unknown[0]}`; only `pip` is known.\n"
            "A version is written with one equal sign and no colon: `numpy=1.26`."
        )
    lines = [line for one in _lines(section["pip"], where, "pip") for line in _flat(one)]
    for one in lines:
        if isinstance(one, dict):
            raise UserErrorException(
                f"`{where}`: `pip` holds {one!r}, which is no text.\n"
                "A version is written with two equal signs and no colon: `numpy==1.26`."
            )
    return lines


def _flat(one: Any) -> list[Any]:
    """Return what lists in lists hold, as merged YAML files have them."""
    if not isinstance(one, list):
        return [one]
    return [inner for part in one for inner in _flat(part)]


def _lines(value: Any, where: str, key: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [one for one in value if one is not None]
    raise UserErrorException(f"`{where}`: `{key}` must be a list, not {type(value).__name__}.")


def _option_name(option: str) -> str:
    return re.split(r"[\s=]", option.strip(), maxsplit=1)[0]


def _core_type(core_type: str) -> str:
    if core_type not in ("cpu", "gpu"):
        raise UserErrorException(f"`core_type` must be `cpu` or `gpu`, not `{core_type}`.")
    return core_type


def _tensorflow(core_type: str) -> str:
    return "tensorflow-gpu" if _core_type(core_type) == "gpu" else "tensorflow"
