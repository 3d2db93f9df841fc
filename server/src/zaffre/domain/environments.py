"""An environment: what a run or a replica finds installed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

BUILD_LOG: Final = "azureml-logs/20_image_build_log.txt"
"""Where the log of a build lies, with a run or by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The base of an environment that is an image.

    Attributes:
        name: Of an image, such as `python:3.11`; or
        dockerfile: The text that makes one, with
        files: The files beside it, by path, as digests of blobs.
        registry: Where `name` is fetched from.
        username: Of the registry; its password is a secret of the workspace.
        password_secret: The name of that secret.
        password: What that secret says, while the environment is built; it is never kept.
    """

    name: str = ""
    dockerfile: str = ""
    files: dict[str, str] = field(default_factory=dict)
    registry: str = ""
    username: str = ""
    password_secret: str = ""
    password: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec:
    """What is asked for; equal specifications share one built environment.

    Attributes:
        python_version: As written, such as `3.8.13`; None takes the server's own interpreter.
        conda_packages: As written, such as `conda-forge::scikit-learn=1.3`; no python, no pip.
        channels: Conda channels in order of preference.
        pip_packages: Requirement lines (PEP 508), without options.
        preferred_packages: `name==version` lines of what the submitting program has; a package
            asked for without a version is first tried in that one.
        interpreter: An interpreter to use as it is, with what it has installed; nothing is built.
        pip_options: Lines such as `--extra-index-url ...`, of those that are allowed.
        wheels: Wheels that were uploaded, by file name, as digests of blobs.
        image: A base that is an image; None is this machine.
        variables: Environment variables of the process; they do not change what is built.
    """

    python_version: str | None = None
    conda_packages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    pip_packages: tuple[str, ...] = ()
    preferred_packages: tuple[str, ...] = ()
    interpreter: str | None = None
    pip_options: tuple[str, ...] = ()
    wheels: dict[str, str] = field(default_factory=dict)
    image: Image | None = None
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One version of a registered environment.

    Attributes:
        version: `1`, `2`, … as Azure ML counts; registering an equal definition again adds none.
        definition: The v1 definition as the client wrote it, given back unchanged.
    """

    workspace_id: str
    name: str
    version: str
    spec: EnvironmentSpec
    definition: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFile:
    """A file that environments are made of: a wheel, or one beside a Dockerfile.

    Attributes:
        path: `wheels/<name>`, or `sha256/<digest>` for one that no name was given.
    """

    workspace_id: str
    path: str
    digest: str
    size: int
    created_at: datetime


class BuildState(StrEnum):
    """How far a build is."""

    QUEUED = "Queued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentBuild:
    """The building of an environment ahead of the runs that will need it.

    Attributes:
        name: Of the environment.
        error: Why it failed; empty otherwise.
        built: What came of it.
    """

    workspace_id: str
    id: str
    name: str
    version: str
    state: BuildState
    created_at: datetime
    ended_at: datetime | None = None
    error: str = ""
    built: "BuiltEnvironment | None" = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in {BuildState.SUCCEEDED, BuildState.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A built environment that lies on a machine.

    Attributes:
        key: What it is known by.
        size: In bytes, counting files that it shares with others.
        used_at: When it was last handed out.
    """

    key: str
    python: str
    packages: tuple[str, ...]
    size: int
    built_at: datetime
    used_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltEnvironment:
    """An environment that is ready to run.

    Attributes:
        python: Path of its interpreter on the machine that built it, or in the image.
        packages: What is installed, as `name==version` lines in order; empty for an interpreter
            that was used as it is.
        variables: Environment variables that come with it; those of the specification win.
        image: The image whose container has the interpreter; None is this machine.
        found: What an interpreter that was used as it is had installed, in the same form.
        conda: What conda brought, as addresses of packages with their MD5.
    """

    python: str
    packages: tuple[str, ...] = ()
    image: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    found: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()


def lock_of(built: BuiltEnvironment, *, name: str) -> str:
    """Return what an environment holds as lines that `pip install -r` takes."""
    lines = [
        "# What was installed when the run began; `pip install -r` this file for the same.",
        f"# Environment: {name or 'without a name'}",
        f"# Interpreter: {built.python}" + (f" in {built.image}" if built.image else ""),
    ]
    lines.extend(
        # What comes from the server is on no index.
        f"# {package}" if package.startswith("zaffre") else package
        for package in built.packages or built.found
    )
    if built.conda:
        lines.append("# Of these, conda brought what follows; without `# `, a file that")
        lines.append("# `conda create --file` takes.")
        lines.extend(f"# {line}" for line in ("@EXPLICIT", *built.conda))
    return "".join(f"{line}\n" for line in lines)
