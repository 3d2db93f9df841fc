"""What the image of an environment comes to on a machine without a container engine."""

import asyncio
import posixpath
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import yaml

from zaffre.adapters.builders.dockerfile import HINT, Instructions, Line, read
from zaffre.adapters.builders.pip_options import PipOptions, check_count, read_arguments, split
from zaffre.adapters.builders.private_wheels import CopyBlob
from zaffre.adapters.builders.shell_commands import Asked, understand
from zaffre.base.plain_yaml import PlainLoader
from zaffre.base.text import shown
from zaffre.domain.containers import address_of
from zaffre.domain.environments import EnvironmentSpec, Image
from zaffre.domain.errors import InvalidError, UnavailableError

_LARGEST: Final = 1 << 20
_SECONDS: Final = 20
_PYTHON_IMAGE: Final = re.compile(
    r"(?:docker\.io/)?(?:library/)?python:(?P<version>3(?:\.\d+){0,2})\b.*"
)
# Images that hold an operating system, tools of conda and MPI, and no package that anyone imports.
_PLAIN: Final = re.compile(
    r"mcr\.microsoft\.com/azureml/(?!curated/).+|(?:docker\.io/)?(?:library/)?(?:ubuntu|debian|python)"
    r"(?:[:@].*)?|mcr\.microsoft\.com/devcontainers/(?:base|python).*"
    r"|(?:docker\.io/)?(?:continuumio/(?:mini|ana)conda3?|condaforge/mini(?:forge3|conda)"
    r"|mambaorg/micromamba)(?:[:@].*)?"
)


@dataclass(frozen=True, slots=True)
class Foundation:
    """What is built in place of an image.

    Attributes:
        spec: Without the image.
        options: Of pip, beyond those of the specification.
        variables: That the image would set.
        notes: What is said of it.
    """

    spec: EnvironmentSpec
    options: PipOptions = field(default_factory=PipOptions)
    variables: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


async def without_engine(spec: EnvironmentSpec, image: Image, copy: CopyBlob) -> Foundation:
    """Return what `spec` comes to without its image.

    Raises:
        InvalidError: `DockerfileNotSupported`, naming the line, or `InvalidRequirement`.
        UnavailableError: `ContainerEngineMissing`: the image holds what nothing here can bring.
    """
    plain = replace(spec, image=None, interpreter=None)
    if not image.dockerfile:
        return _base(plain, address_of(image))
    found = read(image.dockerfile)
    asked = Asked()
    _check_copies(found, image)
    for line, command in found.commands:
        understand(asked, line, command)
    await _read_files(asked, image, copy)
    await asyncio.to_thread(_check_system, asked.system)
    base = _base(plain, found.base)
    return Foundation(
        spec=replace(
            base.spec,
            conda_packages=(*base.spec.conda_packages, *asked.conda),
            channels=(*base.spec.channels, *asked.channels),
            pip_packages=(*base.spec.pip_packages, *asked.pip),
        ),
        options=asked.options,
        variables=found.variables,
        notes=(*base.notes, *found.notes),
    )


def _base(spec: EnvironmentSpec, image: str) -> Foundation:
    python = _PYTHON_IMAGE.fullmatch(image)
    if python is None and not _PLAIN.fullmatch(image):
        raise UnavailableError(
            "ContainerEngineMissing",
            f"The image {shown(image)} needs a container, and there is none for it.",
            target="image",
            hint="Install podman or docker on the server, or name the packages, as for services, "
            "which have no containers: `Environment.from_pip_requirements` or "
            "`Environment.from_conda_specification`.",
        )
    note = f"The image {image} is not used: its packages are installed on this machine."
    if python is not None and spec.python_version is None:
        spec = replace(spec, python_version=python["version"])
    return Foundation(spec=spec, notes=(note,))


def _check_copies(found: Instructions, image: Image) -> None:
    """Refuse files that no command reads: a program may need them where they would be."""
    for line, source in found.copied:
        name = posixpath.normpath(source)
        if name != "." and name not in image.files:
            raise line.refusal(f"the build context has no file {shown(source)}")
        if name == "." or not name.endswith((".txt", ".yml", ".yaml", ".in")):
            raise line.refusal("only files of requirements are copied without an engine")


async def _read_files(asked: Asked, image: Image, copy: CopyBlob) -> None:
    for line, path in asked.conda_files:
        text = await _text(line, path, image, copy)
        await asyncio.to_thread(_take_conda, asked, line, text)
    seen: set[str] = set()
    while asked.requirement_files:
        line, path = asked.requirement_files.pop()
        if path not in seen:
            seen.add(path)
            _take_requirements(asked, line, await _text(line, path, image, copy))


async def _text(line: Line, path: str, image: Image, copy: CopyBlob) -> str:
    """Return the text of a file of the context, wherever in the image it was copied to."""
    name = posixpath.normpath(path)
    same = [one for one in image.files if posixpath.basename(one) == posixpath.basename(name)]
    digest = image.files.get(name) or (image.files[same[0]] if len(same) == 1 else None)
    if digest is None:
        raise line.refusal(f"the build context has no file {shown(path)}")
    with tempfile.TemporaryDirectory(prefix="zaffre-") as folder:
        place = Path(folder) / "file"
        await copy(digest, place)
        with place.open("rb") as file:
            data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise line.refusal(f"{shown(path)} is larger than 1 MB")
    return data.decode("utf-8-sig", "replace")


def _take_requirements(asked: Asked, line: Line, text: str) -> None:
    lines = [part.strip() for part in text.replace("\\\n", " ").splitlines()]
    options = [part for part in lines if part.startswith("-")]
    check_count(options)
    for part in lines:
        if not part or part.startswith("#"):
            continue
        if not part.startswith("-"):
            asked.pip.append(part)
            continue
        found = read_arguments(split(part), part, trusted=options)
        asked.options += found.options
        asked.requirement_files.extend((line, path) for path in found.files)


def _take_conda(asked: Asked, line: Line, text: str) -> None:
    try:
        content = yaml.load(text, PlainLoader)  # noqa: S506 (a safe one)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Such as a date that there is not, or lists without end.
        raise line.refusal("the conda file is no plain YAML") from error
    if not isinstance(content, dict):
        raise line.refusal("the conda file has no `dependencies`")
    asked.channels.extend(_plain(line, content.get("channels")))
    dependencies = content.get("dependencies") or []
    if not isinstance(dependencies, list):
        raise line.refusal("the conda file has no list of `dependencies`")
    sections = [one for one in dependencies if isinstance(one, dict)]
    asked.conda.extend(_plain(line, [one for one in dependencies if not isinstance(one, dict)]))
    for section in sections:
        _take_requirements(asked, line, "\n".join(_plain(line, section.get("pip"))))


def _plain(line: Line, listed: object) -> list[str]:
    """Return a list as texts."""
    parts = [] if listed is None else listed
    if not isinstance(parts, list) or not all(isinstance(one, str | int | float) for one in parts):
        raise line.refusal("the conda file has something else than lists of packages")
    return [str(part) for part in parts]


def _check_system(names: Sequence[str]) -> None:
    """Refuse packages of the operating system that are not there: only an image brings them."""
    plain = list(dict.fromkeys(name.partition("=")[0] for name in names))
    there = _installed(plain) if plain else set()
    absent = [name for name in plain if name not in there]
    if absent:
        raise InvalidError(
            "DockerfileNotSupported",
            f"The Dockerfile installs {', '.join(map(shown, absent))} with apt, and this machine "
            "has no such package.",
            target="image.dockerfile",
            hint=f"Install it on the server. {HINT}",
        )


def _installed(names: Sequence[str]) -> set[str]:
    program = shutil.which("dpkg-query")
    if program is None:
        return set()
    command = [
        program,
        "--show",
        "--showformat",
        "${Package} ${db:Status-Status}\\n",
        "--",
        *names,
    ]
    done = subprocess.run(  # noqa: S603 - a fixed program; names stand behind `--`
        command, capture_output=True, check=False, text=True, timeout=_SECONDS
    )
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[0] for row in rows if row[1:] == ["installed"]}
