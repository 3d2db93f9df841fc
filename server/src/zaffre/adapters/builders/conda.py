"""Conda specifications: their grammar, and what PyPI calls the same thing."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from zaffre.adapters.builders.requirements import check_characters, refusal
from zaffre.adapters.builders.tables import table
from zaffre.domain.errors import InvalidError

_SPEC = re.compile(
    r"(?:(?P<channel>[^\s:]+(?::[^\s:]+)*)::)?(?P<name>[A-Za-z0-9_][\w.\-]*)\s*(?P<rest>.*)",
    re.ASCII,
)
_BRACKETS = re.compile(r"\[(?P<keys>[^\]]*)\]\s*$")
_BRACKET_VERSION = re.compile(r"version\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^,\]\s]+))")
_EXACT = re.compile(r"(?P<equal>={1,2})\s*(?P<version>[^=\s,|<>!~]+)(?:\s*=\s*\S+|\s+\S+)?")
_BARE = re.compile(r"(?P<version>[0-9*][^=\s,|<>!~]*)(?:\s+\S+)?")
_CLAUSE = re.compile(r"(?P<operator>>=|<=|==|!=|~=|=|>|<)\s*(?P<version>[^\s=<>!~|]+)(?:\s+\S+)?")
_HINT = "Write `name`, `name=1.3`, `name==1.3.2`, `name>=1,<2` or `channel::name=1.3=build`."


@dataclass(slots=True)
class Translation:
    """What conda specifications come to on PyPI.

    Attributes:
        requirements: What to install from the package index.
        python: The version of Python, when one of the specifications asked for it.
        notes: What was renamed or left out, one sentence each.
    """

    requirements: list[Requirement] = field(default_factory=list)
    python: str | None = None
    notes: list[str] = field(default_factory=list)


def translate(specs: Iterable[str]) -> Translation:
    """Return what `specs` come to on PyPI.

    Raises:
        InvalidError: `InvalidRequirement`, naming the specification and the rule.
    """
    result = Translation()
    for spec in specs:
        check_characters(spec, target="conda_packages")
        if text := spec.split(" #", 1)[0].strip():
            _add(result, text)
    return result


def read(spec: str) -> tuple[str, str, str]:
    """Return the channel, the name and what stands behind it.

    Raises:
        InvalidError: `InvalidRequirement`.
    """
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise conda_refusal(spec, "it is no conda specification")
    return match["channel"] or "", match["name"].lower(), match["rest"].strip()


def python_of(spec: str, rest: str) -> str | None:
    """Return the version of Python that a specification asks for, as PyPI would write it.

    Raises:
        InvalidError: `InvalidRequirement`.
    """
    return str(_specifiers(spec, rest)) or None


def _add(result: Translation, spec: str) -> None:
    _channel, name, rest = read(spec)
    if name == "python":
        result.python = python_of(spec, rest)
    elif reason := _left_out(name):
        result.notes.append(f"{spec} (conda) is left out: {reason}.")
    else:
        result.requirements.append(_requirement(result, spec, name, rest))


def _left_out(name: str) -> str | None:
    known: dict[str, str] = table("conda")["left_out"]
    if name.startswith("r-"):
        return "R packages are not on the Python package index"
    if name.startswith("_"):
        return "it only steers conda's own solver"
    return known.get(name)


def _requirement(result: Translation, spec: str, name: str, rest: str) -> Requirement:
    renamed: str = table("conda")["renamed"].get(name, name)
    try:
        requirement = Requirement(renamed)
    except InvalidRequirement as error:
        raise conda_refusal(spec, "its name is none that PyPI could know") from error
    if renamed != name:
        result.notes.append(f"{name} (conda) is called {renamed} on the Python package index.")
    if name in table("conda")["any_version"]:
        if rest:
            result.notes.append(f"The version of {spec} (conda) is not used.")
    else:
        requirement.specifier = _specifiers(spec, rest)
    return requirement


def _specifiers(spec: str, rest: str) -> SpecifierSet:
    if "|" in rest:
        raise conda_refusal(spec, "alternatives (`|`) are not taken")
    try:
        return SpecifierSet(_clauses(spec, _without_brackets(rest)))
    except InvalidSpecifier as error:
        raise conda_refusal(spec, "its version is none that PyPI knows") from error


def _without_brackets(rest: str) -> str:
    brackets = _BRACKETS.search(rest)
    if brackets is None:
        return rest
    version = _BRACKET_VERSION.search(brackets["keys"])
    inside = next((part for part in version.groups() if part), "") if version else ""
    return inside or rest[: brackets.start()].strip()


def _clauses(spec: str, rest: str) -> str:
    if rest in {"", "*", "=*", "==*"}:
        return ""
    if match := _EXACT.fullmatch(rest):
        return _equal(match["version"], prefix=match["equal"] == "=")
    if match := _BARE.fullmatch(rest):
        return _equal(match["version"], prefix=False)
    return ",".join(_clause(spec, part.strip()) for part in rest.split(","))


def _equal(version: str, *, prefix: bool) -> str:
    """Conda's `=1.3` and `1.3*` mean any 1.3.x; its `==1.3` means 1.3."""
    stem = version.rstrip("*").rstrip(".")
    return f"=={stem}.*" if prefix or stem != version else f"=={stem}"


def _clause(spec: str, part: str) -> str:
    match = _CLAUSE.fullmatch(part)
    if match is None:
        bare = _BARE.fullmatch(part)
        if bare is None:
            raise conda_refusal(spec, "its version is written in no known way")
        return _equal(bare["version"], prefix=False)
    operator, version = match["operator"], match["version"]
    if operator in {"=", "==", "!="}:
        equal = _equal(version, prefix=operator == "=")
        return equal if operator != "!=" else "!" + equal[1:]
    return operator + version.rstrip("*").rstrip(".")


def conda_refusal(spec: str, rule: str) -> InvalidError:
    """Return the error for a specification that breaks `rule`."""
    return refusal(spec, rule, target="conda_packages", hint=_HINT)
