"""Environments on the wire."""

from typing import Any, Optional

import msgspec

from zaffre_sdk.wire.shapes import In, Out


class EnvironmentSpec(In):
    """What is asked for.

    Attributes:
        python_version: As written; None takes the server's own interpreter.
        conda_packages: As written, such as `conda-forge::scikit-learn=1.3`; no python, no pip.
        pip_packages: Requirement lines (PEP 508), without options.
        preferred_packages: `name==version` lines of what the submitting program has; a package
            asked for without a version is first tried in that one.
        interpreter: An interpreter to use as it is; nothing is built.
        variables: Environment variables of the process.
    """

    python_version: Optional[str] = None
    conda_packages: list[str] = msgspec.field(default_factory=list)
    channels: list[str] = msgspec.field(default_factory=list)
    pip_packages: list[str] = msgspec.field(default_factory=list)
    preferred_packages: list[str] = msgspec.field(default_factory=list)
    interpreter: Optional[str] = None
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
