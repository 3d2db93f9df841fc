"""Packages of Azure ML that zaffre-sdk stands in for."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from zaffre.adapters.builders.tables import table


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is left to install, and which extras of zaffre-sdk stand in for the rest."""

    requirements: tuple[Requirement, ...]
    extras: tuple[str, ...]
    notes: tuple[str, ...]


def replace(requirements: Iterable[Requirement]) -> Replacement:
    """Take out what zaffre-sdk stands in for; zaffre-sdk itself is always part of the result."""
    kept: list[Requirement] = []
    extras: set[str] = set()
    notes: list[str] = []
    for requirement in requirements:
        found = _extras(requirement)
        if found is None:
            kept.append(requirement)
        else:
            extras |= found
            notes.append(_note(requirement, found))
    if not notes:
        notes.append("zaffre-sdk is added: runs and replicas work through it.")
    return Replacement(tuple(kept), tuple(sorted(extras)), tuple(notes))


def is_replaced(requirement: Requirement) -> bool:
    """Whether zaffre-sdk stands in for it."""
    return _extras(requirement) is not None


def shadowed() -> tuple[str, ...]:
    """Return the packages that must not come in as dependencies of others."""
    return tuple(table("azureml")["shadowed"]["names"])


def overrides() -> list[str]:
    """Return what tells uv to leave those out."""
    return [f"{name} ; python_version < '0'" for name in shadowed()]


def _extras(requirement: Requirement) -> set[str] | None:
    names = table("azureml")
    name = canonicalize_name(requirement.name)
    if name in names["kept"]:
        return None
    for pattern, extras in names["replaced"].items():
        if fnmatchcase(name, pattern):
            asked = [names["extras"].get(extra, []) for extra in requirement.extras]
            return set(extras).union(*asked)
    return None


def _note(requirement: Requirement, extras: set[str]) -> str:
    ours = f"zaffre-sdk[{','.join(sorted(extras))}]" if extras else "zaffre-sdk"
    if canonicalize_name(requirement.name) == "zaffre-sdk":
        return f"{requirement} is installed as this server has it."
    version = "; its version is not used" if requirement.specifier else ""
    return f"{ours} stands in for {requirement}{version}."
