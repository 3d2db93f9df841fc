"""An environment: what a run or a replica finds installed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


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
        variables: Environment variables of the process; they do not change what is built.
    """

    python_version: str | None = None
    conda_packages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    pip_packages: tuple[str, ...] = ()
    preferred_packages: tuple[str, ...] = ()
    interpreter: str | None = None
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
class BuiltEnvironment:
    """An environment that is ready to run.

    Attributes:
        python: Absolute path of its interpreter on the machine that built it.
        packages: What is installed, as `name==version` lines in order; empty for an interpreter
            that was used as it is.
    """

    python: str
    packages: tuple[str, ...] = ()
