"""What conda, mamba and micromamba say when they fail, in one sentence that names the cause."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from zaffre.adapters.builders.conda_tools import CondaTool
from zaffre.adapters.builders.conflicts import Demand, explained
from zaffre.adapters.builders.failures import CODE
from zaffre.domain.errors import UnavailableError

_UNSOLVED: Final = re.compile(
    r"UnsatisfiableError|Could not solve for environment specs|PackagesNotFound"
    r"|Cannot solve the request because of"
)
_ABSENT: Final = (
    re.compile(r"not available from current channels:\s+((?:- \S[^\n]*\s+)+)"),
    re.compile(r"nothing provides (?:requested )?([^\n]+?)(?: needed by [^\n]+)?\n"),
    re.compile(r"[├└]─ (\S[^\n]*?) +(?:is not installable because it )?does not exist"),
    re.compile(r"No candidates were found for ([^\n]+?)(?: \*)?\.?\s*\n"),
    re.compile(r"[├└]─ ([^\n,]+?)\s*\*?, for which no candidates were found"),
)
_BAD_CHANNEL: Final = re.compile(
    r"UnavailableInvalidChannel: (?:HTTP )?(.+?)(?: for channel (\S+))?(?: <([^>]+)>)?\n"
)
_UNREACHED: Final = (
    re.compile(r"HTTP(?:Error)?:? HTTP (\S+ [A-Z ]+) for url <([^>]+)>"),
    re.compile(r"Download error \(\d+\) ([^\[\n]+)\[([^\]]+)\]"),
    re.compile(
        r"(?:error sending request|Could not fetch|failed to fetch)()[^\n]*?(https?://\S+?)[)\s]"
    ),
)
_NETWORK: Final = (
    "Check the network and proxy of the server. Or start it with `--conda never`: then packages "
    "come from the Python package index."
)
_HOST: Final = re.compile(r"^(\w+://[^/]+)")
_ANY: Final = re.compile(r"(?: =?\*)+$")
_REQUIRES: Final = re.compile(
    r"[├└]─ (?P<who>[^\s,]+(?: \d[^\s,]*)?)(?: [=*<>!~][^\s,]*)* +(?:would require|(?:is|are)"
    r" (?:not )?installable(?: with the potential options)?(?: because it| and it)? requires)"
)
_CHILD: Final = re.compile(
    r"[├└]─ (?P<what>[^\s,]+) (?P<versions>[<>=!~\d][^\s]*(?: [<>=!~\d][^\s]*)*)"
)
_ARROW: Final = re.compile(
    r"^(?P<who>\S+)[^\n]*? -> (?P<what>[\w.\-]+)\[version='(?P<versions>[^']+)'", re.MULTILINE
)
_CONFLICT: Final = re.compile(
    r"(?:Cannot solve the request because of:|The following packages? (?:is|are) incompatible)\s*"
    r"(?P<story>.+?)(?:\n\s*\n|\Z)",
    re.DOTALL,
)
_TREE: Final = re.compile(r"[│├└─]+")


def unsolved(lines: Sequence[str]) -> bool:
    """Whether no packages go together, so that asking for less may help."""
    return _UNSOLVED.search("\n".join(lines)) is not None


def conda_failure(
    lines: Sequence[str], *, tool: CondaTool, channels: Sequence[str]
) -> UnavailableError:
    """Return the error for what the tool said.

    Args:
        lines: All that it said.
        tool: Which one.
        channels: That were asked for.
    """
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    for explanation in (_disk, _channel, _unreached, _absent, _conflict):
        if found := explanation(text, channels):
            message, hint = found
            return UnavailableError(CODE, message, target="environment", hint=hint)
    said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    message = f"{tool.words} could not make the environment."
    return UnavailableError(
        CODE, message, target="environment", hint=f"The last that it said: {said}"
    )


_Explanation = tuple[str, str] | None


def _disk(text: str, _channels: Sequence[str]) -> _Explanation:
    if "No space left on device" not in text and "NoSpaceLeftError" not in text:
        return None
    return "The disk is full.", "Make room on the disk of the server and try again."


def _channel(text: str, _channels: Sequence[str]) -> _Explanation:
    found = _BAD_CHANNEL.search(text)
    if found is None:
        return None
    name = found[2] or found[3] or "that is asked for"
    why = found[1].strip().rstrip(".").lower().replace("http ", "")
    return (
        f"The channel `{name}` is none: {why}.",
        "Check how it is spelled, and the channels in the `.condarc` of the server's user.",
    )


def _unreached(text: str, _channels: Sequence[str]) -> _Explanation:
    for pattern in _UNREACHED:
        if found := pattern.search(text):
            host = _HOST.match(found[2])
            where = host[1] if host else found[2]
            why = found[1].strip().removeprefix("000 ").lower() or "no answer"
            return f"The conda channel at `{where}` cannot be reached: {why}.", _NETWORK
    return None


def _absent(text: str, channels: Sequence[str]) -> _Explanation:
    for pattern in _ABSENT:
        if names := list(dict.fromkeys(_names(pattern.findall(text)))):
            what = " and no ".join(f"`{name}`" for name in names)
            where = _places(channels)
            return (
                f"{where} no {what}.",
                "Check the name and the version, or add the channel that has it.",
            )
    return None


def _names(found: Iterable[str]) -> Iterator[str]:
    for text in found:
        for line in text.splitlines():
            if name := line.strip().removeprefix("- ").strip():
                yield _ANY.sub("", name)


def _places(channels: Sequence[str]) -> str:
    if not channels:
        return "The channels of the server have"
    named = ", ".join(f"`{channel}`" for channel in channels)
    return f"The channel {named} has" if len(channels) == 1 else f"The channels {named} have"


def _conflict(text: str, _channels: Sequence[str]) -> _Explanation:
    if not _UNSOLVED.search(text):
        return None
    if told := explained(list(dict.fromkeys(_demands(text)))):
        return told
    story = _CONFLICT.search(text)
    words = " ".join(_TREE.sub(" ", story["story"]).split()).rstrip(".;,") if story else ""
    return (
        f"The conda packages contradict each other{': ' + words if words else ''}.",
        "Change or leave out one of the versions, or the version of Python.",
    )


def _demands(text: str) -> Iterator[Demand]:
    for line, following in pairwise(text.splitlines()):
        who, child = _REQUIRES.search(line), _CHILD.search(following)
        if who is not None and child is not None:
            versions = child["versions"].rstrip(",;")
            yield Demand(child["what"], f" {versions}", who["who"])
    for found in _ARROW.finditer(text):
        yield Demand(found["what"], f" {found['versions']}", found["who"])
