"""Versions that the submitting program has, tried first for what is asked for without one."""

from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from zaffre.adapters.builders.requirements import parse_requirement
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError


def preferences(
    preferred: Iterable[str], *, asked: Iterable[Requirement], bounds: Iterable[Requirement]
) -> tuple[str, ...]:
    """Return `name==version` for what is asked for without a version, within the bounds.

    Raises:
        InvalidError: `InvalidRequirement`: a line is no `name==version`.
    """
    versions = dict(_pinned(line) for line in preferred)
    asked = list(asked)
    pinned = {canonicalize_name(each.name) for each in asked if each.specifier}
    within = {canonicalize_name(bound.name): bound.specifier for bound in bounds}
    free = sorted({canonicalize_name(each.name) for each in asked} - pinned)
    return tuple(
        f"{name}=={versions[name]}"
        for name in free
        if name in versions
        and (name not in within or within[name].contains(versions[name], prereleases=True))
    )


def _pinned(line: str) -> tuple[str, str]:
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
