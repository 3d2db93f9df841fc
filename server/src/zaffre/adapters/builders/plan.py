"""From what is asked for to what uv is told: pure, and said sentence by sentence."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from dataclasses import replace as changed
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
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
from zaffre.adapters.builders.conda_order import (
    CondaOrder,
    CondaWanted,
    brings_something,
    order_of,
    take,
)
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
        conda: What conda brings; None when all comes from the Python package index.
    """

    python: str | None
    requirements: tuple[Requirement, ...]
    extras: tuple[str, ...]
    notes: tuple[str, ...]
    options: PipOptions = field(default_factory=PipOptions)
    wheels: tuple[PrivateWheel, ...] = ()
    conda: CondaWanted | None = None


class Attempt(NamedTuple):
    """Constraints to try, and what they are, for when they do not resolve.

    Attributes:
        takes_sources: Whether what they hold may be built from source.
    """

    constraints: tuple[str, ...]
    words: str
    takes_sources: bool = False

    def without(self, names: Collection[str]) -> "Attempt":
        """Return what is left when some packages are not held."""
        kept = (line for line in self.constraints if _named(line) not in names)
        return self._replace(constraints=tuple(kept))


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
        conda: What a conda tool is told before; None is an environment of uv alone.
    """

    requirements: tuple[str, ...]
    extras: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    wheels_only: tuple[str, ...]
    notes: tuple[str, ...]
    options: PipOptions = field(default_factory=PipOptions)
    wheels: tuple[PrivateWheel, ...] = ()
    conda: CondaOrder | None = None

    def arguments(self, attempt: Attempt) -> list[str]:
        """Return what uv is told of wheels and sources in an attempt."""
        named = {Requirement(line).name for line in self.requirements}
        constraints = () if attempt.takes_sources else attempt.constraints
        held = {*self.wheels_only, *(Requirement(line).name for line in constraints)}
        sources = named if ALL in self.options.no_binary else self.options.no_binary
        wheels = {canonicalize_name(name) for name in held} - set(map(canonicalize_name, sources))
        return [
            *(f"--only-binary={name}" for name in sorted(wheels)),
            *self.options.arguments(named),
        ]

    def again(self, packages: Iterable[str]) -> "Plan":
        """Return the plan that first tries the versions that an environment held before."""
        held = tuple(
            line for line in packages if not line.startswith("zaffre") and _is_requirement(line)
        )
        if not held:
            return self
        first = Attempt(held, "what it held before it was removed", takes_sources=True)
        return changed(self, attempts=(first, *self.attempts))

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
        if self.conda is not None:
            content["conda"] = self.conda.content()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def want(
    spec: EnvironmentSpec, options: PipOptions | None = None, *, with_conda: bool = False
) -> Wanted:
    """Return what `spec` asks for.

    Args:
        spec: What is asked for.
        options: Of pip, besides its own.
        with_conda: Whether conda packages come from conda.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    conda = take(spec.conda_packages, spec.channels) if with_conda else None
    if conda is not None and brings_something(conda):
        python, named, notes = conda.python, conda.requirements, list[str]()
    else:
        conda = None
        python, named, notes = _from_pypi(spec)
    own, unused = parse_options(spec.pip_options)
    wheels = private_wheels(spec.wheels)
    named = [*named, *parse_requirements(spec.pip_packages)]
    notes.extend(unused)
    replaced = replace(_well_named(named, notes))
    return Wanted(
        python=spec.python_version or python,
        requirements=replaced.requirements,
        extras=replaced.extras,
        notes=(*notes, *replaced.notes),
        options=own if options is None else own + options,
        wheels=wheels,
        conda=conda,
    )


def _from_pypi(spec: EnvironmentSpec) -> tuple[str | None, list[Requirement], list[str]]:
    """Return what conda packages come to without conda: a Python, packages, and notes."""
    conda = translate(spec.conda_packages)
    notes = list(conda.notes)
    if {channel.strip() for channel in spec.channels} - {"", "defaults", "anaconda", "nodefaults"}:
        notes.append("Conda channels are not used: packages come from the Python package index.")
    return conda.python, conda.requirements, notes


def check(spec: EnvironmentSpec, *, with_conda: bool = False) -> None:
    """Refuse what cannot be asked for, whatever the machine has; costs well below a millisecond.

    Args:
        spec: What is asked for.
        with_conda: Whether conda packages come from conda.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    wanted = want(spec, with_conda=with_conda and spec.image is None)
    preferences(spec.preferred_packages, asked=wanted.requirements, bounds=())


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
    conda = None
    if wanted.conda is not None:
        conda = order_of(
            wanted.conda, choice, request=wanted.python, preferred=tried, bounds=bounds
        )
    return Plan(
        requirements=(*map(str, wanted.requirements), *added),
        extras=wanted.extras,
        attempts=_attempts(tried, tuple(map(str, bounds)), _age(choice)),
        wheels_only=tuple(sorted(bound.name for bound in (*bounds, *left_out))),
        notes=(choice.note, *wanted.notes, *_notes(added, left_out)),
        options=wanted.options,
        wheels=wanted.wheels,
        conda=conda,
    )


def _is_requirement(line: str) -> bool:
    """Tell whether it can be asked for: packages of conda have versions of other forms, too."""
    try:
        Requirement(line)
    except InvalidRequirement:
        return False
    return True


def _named(line: str) -> str:
    return canonicalize_name(Requirement(line).name)


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
