"""What is put onto an image so that runs can be executed in it: pure texts, and no shell.

Every word of a request stands in a list of arguments as JSON or in a file. The only script is our
own, and always the same.
"""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from zaffre.adapters.builders.azureml import overrides
from zaffre.adapters.builders.plan import Attempt, Plan

ROOT: Final = "/opt/zaffre"
PYTHON: Final = f"{ROOT}/environment/bin/python"
CONTEXT: Final = "/run/zaffre"
SETTINGS: Final = "settings"
"""The name of what uv is told, which stays out of the image."""
LABEL: Final = "zaffre.environment"

FOLDER: Final = "folder"
"""How folders of this machine that uv needs are called in the context, with a number each."""

_SETTINGS: Final = "/run/zaffre-settings"
_CACHE: Final = "/var/cache/zaffre"
_SCRIPT: Final = f"""\
set -eu
umask 022
. {_SETTINGS}
exec {CONTEXT}/uv "$@"
"""
_ADOPT: Final = f"""\
import os, sysconfig

os.umask(0o022)
folder = sysconfig.get_paths()["purelib"]
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "zaffre.pth"), "w") as file:
    file.write("import sys; sys.path.insert(0, '{ROOT}/sdk')\\n{ROOT}/dependencies\\n")
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What uv is told inside, as variables, and the folders of this machine that it needs.

    Attributes:
        folders: Where files of packages lie, seen at the same paths.
    """

    variables: Mapping[str, str]
    folders: tuple[Path, ...]

    def text(self) -> str:
        """Return what a shell reads."""
        return "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in self.variables.items()
        )


def settings_of(variables: Mapping[str, str], *, has_certificates: bool) -> Settings:
    """Return what uv is told inside for what it is told on this machine.

    Args:
        variables: Its environment on this machine.
        has_certificates: Whether the file of trusted authorities lies in the context.
    """
    outside = ("UV_CACHE_DIR", "UV_CONFIG_FILE", "UV_LINK_MODE", "UV_PYTHON_DOWNLOADS")
    kept = {
        name: value
        for name, value in variables.items()
        if (name.startswith("UV_") or name.upper().endswith("_PROXY")) and name not in outside
    }
    inside = {
        "UV_CACHE_DIR": _CACHE,
        "UV_LINK_MODE": "copy",
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "automatic",
        "UV_PYTHON_INSTALL_DIR": f"{ROOT}/python",
    }
    if has_certificates:
        inside["SSL_CERT_FILE"] = f"{CONTEXT}/certificates.pem"
    places = [word for value in kept.values() for word in value.replace(",", " ").split()]
    return Settings({**kept, **inside}, tuple(dict.fromkeys(_folders(places))))


def files_of(
    plan: Plan | None, constraints: Sequence[str], build_constraints: Sequence[str] = ()
) -> dict[str, str]:
    """Return the small files of the context, by name."""
    files = {"uv.sh": _SCRIPT, "adopt.py": _ADOPT}
    if plan is not None:
        files["constraints.txt"] = "".join(f"{line}\n" for line in constraints)
        # Without a version it holds nothing: uv warns of a file that is empty.
        files["builds.txt"] = "".join(f"{line}\n" for line in build_constraints or ["setuptools"])
        files["overrides.txt"] = "".join(f"{line}\n" for line in overrides())
    return files


def environment(
    plan: Plan, *, python: str, wheels: Sequence[str], sdk: str, attempt: Attempt
) -> list[list[str]]:
    """Return the calls of uv that make an environment of its own.

    Args:
        plan: What to install.
        python: The interpreter in the image, or the version of one that uv brings.
        wheels: Requirements for wheels of the context.
        sdk: The requirement for zaffre-sdk.
        attempt: Which of those of the plan.
    """
    managed = ["--managed-python"] if "/" not in python else []
    return [
        ["venv", "--quiet", "--no-project", *managed, "--python", python, f"{ROOT}/environment"],
        [
            *("pip", "install", "--python", PYTHON),
            *(["--constraints", f"{CONTEXT}/constraints.txt"] if attempt.constraints else []),
            *("--overrides", f"{CONTEXT}/overrides.txt"),
            *("--build-constraints", f"{CONTEXT}/builds.txt"),
            *plan.arguments(attempt),
            *("--", *plan.requirements, *wheels, sdk),
        ],
    ]


def beside(*, python: str, sdk: str) -> list[list[str]]:
    """Return the calls of uv that put zaffre-sdk beside what an interpreter has.

    Ours comes first on its path; what it depends on comes last, so that what the image has wins.
    """
    install = ("pip", "install", "--python", python)
    return [
        [*install, "--no-deps", "--target", f"{ROOT}/sdk", "--", sdk],
        [*install, "--target", f"{ROOT}/dependencies", "--", sdk],
    ]


def containerfile(
    base: str, calls: Iterable[Sequence[str]], settings: Settings, *, adopt: str = "", key: str
) -> str:
    """Return the text that makes the image.

    Args:
        base: The name of the base.
        calls: Those of uv.
        settings: What it is told.
        adopt: The interpreter that is to find zaffre-sdk; empty when there is none to be told.
        key: Of the environment.
    """
    mounts = " ".join(_mounts(settings))
    lines = [f"FROM {base}", "USER 0"]
    lines += [
        f"RUN {mounts} {json.dumps(['/bin/sh', f'{CONTEXT}/uv.sh', *call])}" for call in calls
    ]
    if adopt:
        lines.append(f"RUN {mounts} {json.dumps([adopt, f'{CONTEXT}/adopt.py'])}")
    return "\n".join([*lines, f'LABEL {LABEL}="{key}"', ""])


def _mounts(settings: Settings) -> Iterable[str]:
    yield f"--mount=type=bind,source=.,target={CONTEXT}"
    yield f"--mount=type=secret,id={SETTINGS},target={_SETTINGS}"
    yield f"--mount=type=cache,id=zaffre-uv,target={_CACHE}"
    for index, folder in enumerate(settings.folders):
        yield f"--mount=type=bind,source={FOLDER}{index},target={folder}"


def _folders(places: Iterable[str]) -> Iterable[Path]:
    for place in places:
        parts = urlsplit(place)
        path = unquote(parts.path) if parts.scheme == "file" else place
        folder = Path(path)
        simple = not set(path) & set(" ,\"'=\\")
        if PurePosixPath(path).is_absolute() and simple and folder.is_dir():
            yield folder
