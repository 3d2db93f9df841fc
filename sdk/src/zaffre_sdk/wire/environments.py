"""Environments on the wire."""

from typing import Any, Optional

import msgspec

from zaffre_sdk.wire.shapes import In, Out


class Image(In):
    """The base of an environment that is an image.

    Attributes:
        name: Of an image, such as `python:3.11`; or
        dockerfile: The text that makes one, with
        files: The files beside it, by path, as digests of uploaded blobs.
        registry: Where `name` is fetched from.
        username: Of the registry; its password is a secret of the workspace.
        password_secret: The name of that secret.
    """

    name: str = ""
    dockerfile: str = ""
    files: dict[str, str] = msgspec.field(default_factory=dict)
    registry: str = ""
    username: str = ""
    password_secret: str = ""


class EnvironmentSpec(In):
    """What is asked for.

    Attributes:
        python_version: As written; None takes the server's own interpreter.
        conda_packages: As written, such as `conda-forge::scikit-learn=1.3`; no python, no pip.
        pip_packages: Requirement lines (PEP 508), without options.
        preferred_packages: `name==version` lines of what the submitting program has; a package
            asked for without a version is first tried in that one.
        interpreter: An interpreter to use as it is; nothing is built.
        pip_options: Lines such as `--extra-index-url ...`, of those that are allowed.
        wheels: Wheels that were uploaded, by file name, as digests of blobs.
        image: A base that is an image; None is this machine.
        variables: Environment variables of the process.
    """

    python_version: Optional[str] = None
    conda_packages: list[str] = msgspec.field(default_factory=list)
    channels: list[str] = msgspec.field(default_factory=list)
    pip_packages: list[str] = msgspec.field(default_factory=list)
    preferred_packages: list[str] = msgspec.field(default_factory=list)
    interpreter: Optional[str] = None
    pip_options: list[str] = msgspec.field(default_factory=list)
    wheels: dict[str, str] = msgspec.field(default_factory=dict)
    image: Optional[Image] = None
    variables: dict[str, str] = msgspec.field(default_factory=dict)


class EnvironmentIn(In):
    """Register an environment; registering an equal definition again answers its version."""

    name: str
    spec: EnvironmentSpec
    definition: dict[str, Any]
    version: Optional[str] = None


class EnvironmentOut(Out):
    """One version of a registered environment."""

    name: str
    version: str
    spec: EnvironmentSpec
    definition: dict[str, Any]
    created_at: float


class EnvironmentList(Out):
    """The newest version of each environment, by name."""

    value: list[EnvironmentOut]


class LabelsIn(In):
    """Give labels to a version; each label points at one version of the environment."""

    version: str
    labels: list[str]


class WheelIn(In):
    """Keep a wheel whose bytes were sent."""

    digest: str


class WheelOut(Out):
    """A wheel that environments of the workspace may install."""

    name: str
    digest: str
    size: int
    created_at: float


class WheelList(Out):
    """Wheels by name."""

    value: list[WheelOut]


class BuildIn(In):
    """Build a version of an environment; None is the newest."""

    version: Optional[str] = None


class BuildOut(Out):
    """The building of an environment ahead of the runs that will need it.

    Attributes:
        state: `Queued`, `Running`, `Succeeded` or `Failed`.
        error: Why it failed.
        python: Path of the interpreter, on the machine of the server or in the image.
        packages: What was installed, as `name==version`.
        image: The image that was made; None where it is no container.
    """

    id: str
    environment: str
    version: str
    state: str
    created_at: float
    ended_at: Optional[float] = None
    error: Optional[str] = None
    python: str = ""
    packages: list[str] = msgspec.field(default_factory=list)
    image: Optional[str] = None


class BuildList(Out):
    """Builds, the newest first."""

    value: list[BuildOut]


class BuiltOut(Out):
    """An environment that lies built on the machine of the server.

    Attributes:
        key: What it is known by in logs of builds.
        size: In bytes, counting files that it shares with others.
        used_at: When a run or an endpoint last began with it.
        in_use_by: Who works in it, or will ask for it.
    """

    key: str
    python: str
    packages: list[str]
    size: int
    built_at: float
    used_at: float
    in_use_by: list[str]


class BuiltList(Out):
    """Built environments, the one that was used last first."""

    value: list[BuiltOut]


class PruneIn(In):
    """Remove built environments that nothing uses; whoever needs one again builds it anew.

    Attributes:
        unused_seconds: Only those that were not used for so long.
        keep_bytes: Of the others those that were used last, up to so many bytes together.
        dry_run: Only say which.
    """

    unused_seconds: float = 0.0
    keep_bytes: Optional[int] = None
    dry_run: bool = False


class PruneOut(Out):
    """What was removed, or would be."""

    removed: list[BuiltOut]
    bytes_freed: int
