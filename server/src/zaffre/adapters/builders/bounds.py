"""Upper bounds on packages that fit the age of a request whose Python was replaced."""

from collections.abc import Iterable
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from zaffre.adapters.builders.choice import Choice
from zaffre.adapters.builders.tables import table


def bounds_for(choice: Choice) -> list[Requirement]:
    """Return the bounds that fit `choice`; none when it is the Python that was asked for."""
    return [Requirement(line) for line in _entry(choice).get("constraints", [])]


def unsaid_for(extras: Iterable[str]) -> list[Requirement]:
    """Return bounds on what the extras of zaffre-sdk bring, so that all of it loads together."""
    lines: dict[str, list[str]] = table("bounds")["unsaid"]
    return [Requirement(line) for extra in extras for line in lines.get(extra, [])]


def additions_for(choice: Choice) -> list[str]:
    """Return what every environment of that age had, whether it was named or not."""
    return list(_entry(choice).get("also", []))


def compatible(
    bounds: Iterable[Requirement], asked: Iterable[Requirement]
) -> tuple[list[Requirement], list[Requirement]]:
    """Divide `bounds` into those that go with what was asked for and those that do not."""
    pins: dict[str, list[Requirement]] = {}
    for requirement in asked:
        pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    fitting: list[Requirement] = []
    left_out: list[Requirement] = []
    for bound in bounds:
        named = pins.get(canonicalize_name(bound.name), [])
        fits = all(_goes_with(bound.specifier, pin.specifier) for pin in named)
        (fitting if fits else left_out).append(bound)
    return fitting, left_out


def _goes_with(bound: SpecifierSet, pin: SpecifierSet) -> bool:
    """Whether every version that `pin` starts from lies within `bound`."""
    return all(
        bound.contains(version, prereleases=True)
        for specifier in pin
        if specifier.operator in {"==", "===", "~=", ">=", ">"}
        and (version := _version(specifier.version)) is not None
    )


def _version(text: str) -> Version | None:
    try:
        return Version(text.removesuffix(".*"))
    except InvalidVersion:
        return None


def _entry(choice: Choice) -> dict[str, Any]:
    entries: list[dict[str, Any]] = table("bounds")["bounds"] if choice.moved else []
    for entry in entries:
        fits_asked = SpecifierSet(entry["asked"]).contains(choice.asked or "")
        if fits_asked and SpecifierSet(entry["used"]).contains(choice.interpreter.minor):
            return entry
    return {}
