"""Requirement lines: parsed by PEP 508, and nothing but names, extras, versions and markers."""

import re
from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

LONGEST_LINE = 1_000
_COMMENT = re.compile(r"(^|\s+)#.*$")
_FILES = (".txt", ".whl", ".zip", ".tar.gz", ".tgz", ".yml", ".yaml", ".toml", ".py", ".cfg")
_GRAMMAR = "write `name`, `name==1.2`, `name[extra]>=1,<2` or `name; python_version < '3.9'`"

# What people write that pip takes and a server must not; the first that matches is said.
_REFUSED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"^-"),
        "options are not taken",
        "Name packages only; the index is chosen where the server runs, by `UV_DEFAULT_INDEX`.",
    ),
    (
        re.compile(r"(^|@\s*)(git|hg|svn|bzr)\+", re.IGNORECASE),
        "version control addresses are not taken, because what they give changes",
        "Publish the package on an index, or put its source into the source directory.",
    ),
    (
        re.compile(r"://|@\s*\S*[/:\\]"),
        "addresses are not taken",
        "Name a package of the index, or send a wheel with `Environment.add_private_pip_wheel`.",
    ),
    (
        re.compile(r"^[^;]*[/\\]"),
        "paths are not taken",
        "Name a package of the index, or send a wheel with `Environment.add_private_pip_wheel`.",
    ),
    (
        re.compile(r"\s--?[A-Za-z]"),
        "options behind a requirement are not taken",
        f"Leave them out: {_GRAMMAR}.",
    ),
)


def parse_requirements(lines: Iterable[str]) -> list[Requirement]:
    """Return what the lines ask for; empty lines and comments ask for nothing.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    parsed = (parse_requirement(line) for line in lines)
    return [requirement for requirement in parsed if requirement is not None]


def parse_requirement(line: str) -> Requirement | None:
    """Return what one line asks for, or None when it is empty or a comment.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    check_characters(line, target="pip_packages")
    text = _COMMENT.sub("", line).strip()
    if not text:
        return None
    for pattern, rule, hint in _REFUSED:
        if pattern.search(text):
            raise refusal(line, rule, target="pip_packages", hint=hint)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        rule = f"it is no requirement ({str(error).splitlines()[0].rstrip('.')})"
        hint = f"Name packages one a line: {_GRAMMAR}."
        raise refusal(line, rule, target="pip_packages", hint=hint) from error
    _check_parts(line, requirement)
    return requirement


def check_characters(line: str, *, target: str) -> None:
    """Refuse lines that are too long or hold line breaks and other control characters.

    Raises:
        InvalidError: `InvalidRequirement`.
    """
    if len(line) > LONGEST_LINE:
        rule = f"it is longer than {LONGEST_LINE} characters"
        raise refusal(line, rule, target=target, hint="Name one package a line.")
    if not all(character.isprintable() or character == "\t" for character in line.strip()):
        rule = "it holds a line break or another control character"
        raise refusal(line, rule, target=target, hint="Name one package a line.")


def refusal(line: str, rule: str, *, target: str, hint: str) -> InvalidError:
    """Return the error for a line that breaks `rule`."""
    message = f"The requirement {shown(line)} is not allowed: {rule}."
    return InvalidError("InvalidRequirement", message, target=target, hint=hint)


def _check_parts(line: str, requirement: Requirement) -> None:
    if requirement.url is not None or requirement.name.lower().endswith(_FILES):
        hint = "Name a package of the index, or list the packages themselves."
        raise refusal(line, "files are not taken", target="pip_packages", hint=hint)
    for specifier in requirement.specifier:
        if specifier.operator == "===":
            _check_version(line, specifier.version)


def _check_version(line: str, version: str) -> None:
    try:
        Version(version)
    except InvalidVersion as error:
        rule = f"{shown(version)} is no version"
        hint = "Versions look like `1.2.3` (PEP 440)."
        raise refusal(line, rule, target="pip_packages", hint=hint) from error
