"""From what is asked for to what uv is told: pure, and said sentence by sentence."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from zaffre.adapters.builders.azureml import replace
from zaffre.adapters.builders.bounds import (
    additions_for,
    bounds_for,
    compatible,
    unsaid_for,
)
from zaffre.adapters.builders.choice import Choice
from zaffre.adapters.builders.conda import translate
from zaffre.adapters.builders.pip_options import ALL, PipOptions, parse_options
from zaffre.adapters.builders.preferences import preferences
from zaffre.adapters.builders.private_wheels import PrivateWheel, private_wheels
from zaffre.adapters.builders.requirements import parse_requirements
from zaffre.adapters.builders.tables import table
from zaffre.domain.environments import EnvironmentSpec

VERSION = 1  # goes up when the same plan would build something else


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, by the names of the Python package index.

    Attributes:
        python: The version of Python as written; None when any will do.
        requirements: What to install besides zaffre-sdk.
        extras: The extras of zaffre-sdk.
        notes: What was translated, replaced or left out.
        options: Where packages come from, besides what the server says.
        wheels: Wheels that were uploaded.
    """

    python: str | None
    requirements: tuple[Requirement, ...]
    extras: tuple[str, ...]
    notes: tuple[str, ...]
    options: PipOptions = field(default_factory=PipOptions)
    wheels: tuple[PrivateWheel, ...] = ()


class Attempt(NamedTuple):
    """Constraints to try, and what they are, for when they do not resolve."""

    constraints: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What uv is told.

    Attributes:
        requirements: What to install besides zaffre-sdk, as requirement lines.
        extras: The extras of zaffre-sdk.
        attempts: Tried in order until one resolves; the last holds nothing.
        wheels_only: Packages that are not built from source.
        notes: All that is to be said before.
        options: Where packages come from, besides what the server says.
        wheels: Wheels that were uploaded.
    """

    requirements: tuple[str, ...]
    extras: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    wheels_only: tuple[str, ...]
    notes: tuple[str, ...]
    options: PipOptions = field(default_factory=PipOptions)
    wheels: tuple[PrivateWheel, ...] = ()

    def arguments(self, constraints: Iterable[str]) -> list[str]:
        """Return what uv is told of wheels and sources, with the constraints of an attempt."""
        named = {Requirement(line).name for line in self.requirements}
        held = {*self.wheels_only, *(Requirement(line).name for line in constraints)}
        sources = named if ALL in self.options.no_binary else self.options.no_binary
        wheels = {canonicalize_name(name) for name in held} - set(map(canonicalize_name, sources))
        return [
            *(f"--only-binary={name}" for name in sorted(wheels)),
            *self.options.arguments(named),
        ]

    def key(self, others: Mapping[str, object]) -> str:
        """Return SHA-256 over the plan and everything else that decides what gets installed."""
        content: dict[str, object] = {
            "version": VERSION,
            "requirements": sorted(self.requirements),
            "extras": self.extras,
            "attempts": [attempt.constraints for attempt in self.attempts],
            "wheels_only": self.wheels_only,
            **others,
        }
        if self.options != PipOptions():
            content["options"] = asdict(self.options)
        if self.wheels:
            content["wheels"] = [(wheel.file, wheel.digest) for wheel in self.wheels]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def want(spec: EnvironmentSpec, options: PipOptions | None = None) -> Wanted:
    """Return what `spec` asks for.

    Args:
        spec: What is asked for.
        options: Of pip, besides its own.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    conda = translate(spec.conda_packages)
    own, unused = parse_options(spec.pip_options)
    wheels = private_wheels(spec.wheels)
    named = [*conda.requirements, *parse_requirements(spec.pip_packages)]
    notes = [*conda.notes, *unused]
    if {channel.strip() for channel in spec.channels} - {"", "defaults", "anaconda", "nodefaults"}:
        notes.append("Conda channels are not used: packages come from the Python package index.")
    replaced = replace(_well_named(named, notes))
    return Wanted(
        python=spec.python_version or conda.python,
        requirements=replaced.requirements,
        extras=replaced.extras,
        notes=(*notes, *replaced.notes),
        options=own if options is None else own + options,
        wheels=wheels,
    )


def check(spec: EnvironmentSpec) -> None:
    """Refuse what cannot be asked of uv, whatever the machine has; costs well below a millisecond.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    preferences(spec.preferred_packages, asked=want(spec).requirements, bounds=())


def plan(wanted: Wanted, choice: Choice, preferred: Iterable[str] = ()) -> Plan:
    """Return what uv is told so that `choice` gets what is wanted.

    Args:
        wanted: What is asked for.
        choice: The Python for it.
        preferred: `name==version` lines; for packages named without a version, tried first.

    Raises:
        InvalidError: `InvalidRequirement`, in `preferred`.
    """
    held = [*bounds_for(choice), *unsaid_for(wanted.extras)]
    bounds, left_out = compatible(held, wanted.requirements)
    tried = preferences(preferred, asked=wanted.requirements, bounds=bounds)
    added = _additions(wanted, choice)
    return Plan(
        requirements=(*map(str, wanted.requirements), *added),
        extras=wanted.extras,
        attempts=_attempts(tried, tuple(map(str, bounds)), _age(choice)),
        wheels_only=tuple(sorted(bound.name for bound in (*bounds, *left_out))),
        notes=(choice.note, *wanted.notes, *_notes(added, left_out)),
        options=wanted.options,
        wheels=wanted.wheels,
    )


def _age(choice: Choice) -> str:
    return f"the age of Python {choice.asked}" if choice.moved else "what loads together"


def _well_named(named: Iterable[Requirement], notes: list[str]) -> list[Requirement]:
    misnamed: dict[str, str] = table("conda")["misnamed"]
    result = []
    for requirement in named:
        meant = misnamed.get(canonicalize_name(requirement.name))
        if meant is not None:
            notes.append(f"{requirement} is taken for {meant}, which it stands for.")
        result.append(Requirement(meant) if meant is not None else requirement)
    return result


def _attempts(tried: tuple[str, ...], bounds: tuple[str, ...], age: str) -> tuple[Attempt, ...]:
    attempts = []
    if tried:
        words = f"those of the submitting program ({', '.join(tried)})"
        attempts.append(Attempt((*bounds, *tried), words))
    if bounds:
        attempts.append(Attempt(bounds, age))
    return (*attempts, Attempt((), "what is asked for"))


def _additions(wanted: Wanted, choice: Choice) -> tuple[str, ...]:
    named = {canonicalize_name(requirement.name) for requirement in wanted.requirements}
    return tuple(name for name in additions_for(choice) if name not in named)


def _notes(added: Iterable[str], left_out: Iterable[Requirement]) -> Iterable[str]:
    for name in added:
        yield f"{name} is added: every environment of that age had it."
    for bound in left_out:
        yield f"{bound} is not held, because another version of {bound.name} is asked for."
