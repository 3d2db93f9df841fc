"""What uv says when it fails, in one sentence that names the package and the cause."""

import re
from collections.abc import Callable, Sequence

from zaffre.adapters.builders.conflicts import explain
from zaffre.domain.errors import UnavailableError

CODE = "EnvironmentBuildFailed"
OLD_TOOLS = ("setuptools<81",)
"""What old packages need to be built: the last that had `pkg_resources`, which they import."""

_OLD_TOOLS_MISSING = "No module named 'pkg_resources'"
_UNKNOWN = re.compile(r"([\w.\-\[\]]+) was not found in the (?:package registry|provided)")
_NO_VERSION = re.compile(r"there (?:is|are) no versions? of ([\w.\-\[\]]+\S*)")
_NOT_THERE = re.compile(
    r"there (?:is|are) no versions? of ([\w.\-\[\]]+\S*) and (\S+) depends on \1(?=[\s,])"
)
_WHEEL_FILE = re.compile(r"Failed to read `[\w.\-]+ @ file://\S*/([^/`]+\.whl)`(.*)")
_NO_WHEEL = re.compile(r"([\w.\-\[\]]+==\S+) has no (?:usable )?wheels")
_PYTHON = re.compile(
    r"(?:does not satisfy|not satisf\w+) Python\s*(\S+)"
    r"(?:.*?\band ([\w.\-]+\S*) depends on Python)?"
)
_BUILD = re.compile(r"Failed to (?:build|download and build) `([^`]+)`")
_FETCH = re.compile(
    r"Failed to (?:fetch|download|read)[^`h]*`?(https?://[^\s`]+|file://[^\s`]+)`?"
)
_REFUSED = re.compile(r"An index(?: URL)? \((\S+?)\) .*?(4\d\d [A-Z]\w+(?: [A-Z]\w+)*)")
_LAST_ERROR = re.compile(r"^\s*((?:\w+\.)*\w*(?:Error|Exception): .+|error: .+|fatal error: .+)$")
_HOST = re.compile(r"^(\w+://[^/]+)")


def unresolved(lines: Sequence[str]) -> bool:
    """Whether uv found no versions that go together, so that asking for less may help."""
    text = " ".join(lines)
    return "No solution found" in text and not _UNKNOWN.search(text)


def needs_old_tools(lines: Sequence[str]) -> bool:
    """Whether a package could not be built because the tools of today lack what it imports."""
    text = "\n".join(lines)
    return _BUILD.search(text) is not None and _OLD_TOOLS_MISSING in text


def failure(lines: Sequence[str], *, python: str) -> UnavailableError:
    """Return the error for what uv said.

    Args:
        lines: All that it said.
        python: The version of the interpreter that it installed for.
    """
    text = " ".join(line.strip() for line in lines)
    for explanation in _EXPLANATIONS:
        if found := explanation(text, lines, python):
            message, hint = found
            return UnavailableError(CODE, message, target="environment", hint=hint)
    message = "The environment could not be installed."
    said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    hint = f"The last that the installer said: {said}"
    return UnavailableError(CODE, message, target="environment", hint=hint)


Explanation = tuple[str, str] | None


def _disk(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    if "No space left on device" not in text:
        return None
    return "The disk is full.", "Make room on the disk of the server and try again."


def _offline(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    reached = _FETCH.search(text)
    if reached is None:
        return None
    address = reached[1]
    host = _HOST.match(address)
    index = host[1] if host else address
    causes = re.findall(r"cause: (.+?)(?= cause:|$)", text)
    why = causes[-1].strip() if causes else "no answer"
    package = re.search(r"/simple/([^/]+)/", address)
    wanted = f" while looking for `{package[1]}`" if package else ""
    return (
        f"The package index `{index}` gave no usable answer{wanted}: {why}.",
        "Check the network and proxy of the server, or name another index by `UV_DEFAULT_INDEX`.",
    )


def _refused(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    match = _REFUSED.search(text)
    if match is None:
        return None
    return (
        f"The package index `{match[1]}` refused the server: {match[2]}.",
        "Check the name and password in the index settings of the server.",
    )


def _unknown(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    match = _UNKNOWN.search(text)
    if match is None:
        return None
    return (
        f"The package `{match[1]}` is not on the package index.",
        "Check how it is spelled; a module's name can differ from its package's.",
    )


def _broken_build(text: str, lines: Sequence[str], python: str) -> Explanation:
    match = _BUILD.search(text)
    if match is None:
        return None
    last = [found[1] for line in lines if (found := _LAST_ERROR.match(line.rstrip()))]
    why = f": {last[-1].strip().rstrip('.')}" if len(last) > 1 else ""
    return (
        f"`{match[1]}` has no wheel for Python {python}, and building it failed{why}.",
        "Ask for a version that has a wheel, or leave the version out.",
    )


def _no_wheel(text: str, _lines: Sequence[str], python: str) -> Explanation:
    match = _NO_WHEEL.search(text)
    if match is None or "unsatisfiable" not in text:
        return None
    return (
        f"`{match[1]}` has no wheel for Python {python}.",
        "Ask for a version that has one, leave the version out, or ask for another Python.",
    )


def _other_python(text: str, _lines: Sequence[str], python: str) -> Explanation:
    match = _PYTHON.search(text)
    if match is None:
        return None
    return (
        f"`{match[2] or 'A package'}` needs Python {match[1]}, and this environment has {python}.",
        "Ask for another version of it, or for another Python.",
    )


def _bad_wheel(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    match = _WHEEL_FILE.search(text)
    if match is None:
        return None
    return (
        f"The wheel `{match[1]}` cannot be read: {match[2].rpartition('cause:')[2].strip()}.",
        "Make it again with `pip wheel`, and send it with another version.",
    )


def _not_there(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    match = _NOT_THERE.search(text)
    if match is None:
        return None
    return (
        f"The package index has no `{match[1]}`, which `{match[2]}` needs.",
        f"Ask for another version of `{match[2].partition('==')[0]}`.",
    )


def _no_version(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    match = _NO_VERSION.search(text)
    if match is None or "depends on" in text:
        return None
    return (
        f"The package index has no `{match[1]}`.",
        "Check the version, or leave it out.",
    )


def _conflict(text: str, _lines: Sequence[str], _python: str) -> Explanation:
    _before, found, reason = text.partition("No solution found when resolving dependencies")
    if not found:
        return None
    story = re.sub(r"^[:\s]*(?:cause:|╰─▶)?\s*", "", reason).split(" hint:")[0]
    if explained := explain(story):
        return explained
    story = re.sub(r",? we can conclude that your requirements are unsatisfiable\.?", "", story)
    story = re.sub(r"\.\s+And because ", ", but ", story).strip().rstrip(".")
    story = story.replace("Because ", "because ", 1)
    return (
        f"The packages contradict each other: {story}.",
        "Change or leave out one of the versions.",
    )


# The first that recognises what was said explains it: the surest come first.
_EXPLANATIONS: tuple[Callable[[str, Sequence[str], str], Explanation], ...] = (
    _disk,
    _bad_wheel,
    _broken_build,
    _offline,
    _refused,
    _unknown,
    _no_wheel,
    _other_python,
    _not_there,
    _no_version,
    _conflict,
)
