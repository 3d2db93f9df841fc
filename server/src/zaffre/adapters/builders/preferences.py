"""Versions that the submitting program has, tried first for what is asked for without one."""

from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from zaffre.adapters.builders.requirements import parse_requirement
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError


def preferences(
    preferred: Iterable[str], *, asked: Iterable[Requirement], bounds: Iterable[Requirement]
) -> tuple[str, ...]:
    """Return `name==version` for whatever is asked for without a version, within the bounds.

    What the named packages need is preferred too, as far as the submitter has it: an old package
    often does not even import beside the newest of what it needs.

    Raises:
        InvalidError: `InvalidRequirement`: a line is no `name==version`.
    """
    versions = dict(_pinned(line) for line in preferred)
    pinned = {canonicalize_name(each.name) for each in asked if each.specifier}
    within = {canonicalize_name(bound.name): bound.specifier for bound in bounds}
    return tuple(
        f"{name}=={version}"
        for name, version in sorted(versions.items())
        if name not in pinned
        and (name not in within or within[name].contains(version, prereleases=True))
    )


def _pinned(line: str) -> tuple[NormalizedName, str]:
    requirement = parse_requirement(line)
    specifiers = list(requirement.specifier) if requirement is not None else []
    version = _version(specifiers[0].version) if len(specifiers) == 1 else None
    if requirement is None or version is None or specifiers[0].operator != "==":
        raise InvalidError(
            "InvalidRequirement",
            f"The preferred package {shown(line)} is not of the form `name==version`.",
            target="preferred_packages",
        )
    # Local parts such as `+cpu` name builds that no index offers under that version.
    return canonicalize_name(requirement.name), version.public


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
