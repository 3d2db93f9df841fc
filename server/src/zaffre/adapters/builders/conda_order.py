"""From conda specifications to what a conda tool is told: pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from zaffre.adapters.builders.azureml import is_replaced
from zaffre.adapters.builders.choice import Choice
from zaffre.adapters.builders.conda import conda_refusal, python_of, read
from zaffre.adapters.builders.requirements import check_characters
from zaffre.adapters.builders.tables import table
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

_REST: Final = re.compile(r"[\w.*+!=<>|,~ \-]*(?:\[(?P<keys>[^\[\]]*)\])?", re.ASCII)
_KEYS: Final = frozenset({"build", "build_number", "channel", "subdir", "version"})
_VALUE: Final = re.compile(r"[\w.*+!=<>|,~ \-]*", re.ASCII)
# Without quotes a value ends where the next one may begin.
_KEY: Final = re.compile(
    r"\s*(?P<key>\w+)\s*=\s*(?:(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)|(?P<plain>[^\s,]*))\s*"
)
_PARTS: Final = re.compile(r",(?=\s*\w+\s*=\s*['\"\w])")
_CHANNEL: Final = re.compile(
    r"[A-Za-z0-9_][\w\-]*(?:\.[\w\-]+)*(?:/[\w\-]+(?:\.[\w\-]+)*)*", re.ASCII
)
_ADDRESS: Final = re.compile(
    r"https?://(?:[\w.\-]+|\[[0-9a-f:]+\])(?::\d+)?(?:/[\w.~+%\-]*)*", re.ASCII | re.IGNORECASE
)
_FILES: Final = (".tar.bz2", ".conda")
_EXACT_PYTHON: Final = re.compile(r"={0,3}\s*(3\.\d+\.\d+)")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_CONDARC: Final = (
    "Name it in the `.condarc` of the server's user, below `custom_channels`, and ask for that "
    "name."
)


class CondaAttempt(NamedTuple):
    """Specifications to try, and what they are, for when they do not go together."""

    specs: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class CondaOrder:
    """What a conda tool is told.

    Attributes:
        channels: In order of preference; none leaves the choice to the settings of the tool.
        attempts: Tried in order until one can be solved; the last is what was asked for.
    """

    channels: tuple[str, ...]
    attempts: tuple[CondaAttempt, ...]

    def content(self) -> dict[str, object]:
        """Return what decides what gets installed."""
        return {"channels": self.channels, "specs": [each.specs for each in self.attempts]}


@dataclass(slots=True)
class CondaWanted:
    """What of a definition a conda tool brings.

    Attributes:
        specs: Besides python.
        channels: In order of preference.
        python: The version of Python, when one of the specifications asked for it.
        requirements: Packages of Azure ML, which no channel has.
    """

    specs: list[str] = field(default_factory=list)
    channels: tuple[str, ...] = ()
    python: str | None = None
    requirements: list[Requirement] = field(default_factory=list)


def take(specs: Iterable[str], channels: Iterable[str]) -> CondaWanted:
    """Return what is to come from conda.

    Raises:
        InvalidError: `InvalidRequirement`, naming the specification or channel and the rule.
    """
    wanted = CondaWanted(channels=_channels(channels))
    for spec in specs:
        check_characters(spec, target="conda_packages")
        if text := spec.split(" #", 1)[0].strip():
            _add(wanted, text)
    return wanted


def brings_something(wanted: CondaWanted) -> bool:
    """Whether there is more in it than what every environment has."""
    return any(_name(spec) not in table("conda")["any_version"] for spec in wanted.specs)


def order_of(
    wanted: CondaWanted,
    choice: Choice,
    *,
    request: str | None,
    preferred: Iterable[str],
    bounds: Sequence[Requirement],
) -> CondaOrder:
    """Return what the tool is told.

    Args:
        wanted: What is to come from conda.
        choice: The Python.
        request: The version of Python as it was written.
        preferred: `name==version` lines, by which packages without a version are first tried.
        bounds: On packages, that fit the age of the request.
    """
    plain = (f"python={choice.interpreter.minor}", *wanted.specs)
    exact = _EXACT_PYTHON.fullmatch((request or "").strip())
    python = f"python={exact[1]}" if exact and not choice.moved else plain[0]
    held = _held(wanted.specs, {canonicalize_name(one.name): str(one.specifier) for one in bounds})
    versions = dict(line.split("==", 1) for line in preferred)
    tried = _held(wanted.specs, {name: f"=={version}" for name, version in versions.items()})
    attempts = []
    if tried:
        words = f"those of the submitting program ({', '.join(tried)})"
        attempts.append(CondaAttempt((python, *wanted.specs, *tried, *held), words))
    if held:
        age = f"the age of Python {choice.asked}" if choice.moved else "what loads together"
        words = f"{age} ({', '.join(held)})"
        attempts.append(CondaAttempt((python, *wanted.specs, *held), words))
    if python != plain[0]:
        attempts.append(CondaAttempt((python, *wanted.specs), python))
    return CondaOrder(wanted.channels, (*attempts, CondaAttempt(plain, "what is asked for")))


def _held(specs: Iterable[str], versions: Mapping[str, str]) -> list[str]:
    """Return further specifications for those without a version, by what PyPI calls them."""
    held = []
    for spec in specs:
        _channel, name, rest = read(spec)
        known = versions.get(_on_pypi(name)) if not rest else None
        if known:
            held.append(f"{name} {known}")
    return held


def _on_pypi(name: str) -> str:
    renamed: str = table("conda")["renamed"].get(name, name)
    return canonicalize_name(renamed.partition("[")[0])


def _name(spec: str) -> str:
    return read(spec)[1]


def _add(wanted: CondaWanted, spec: str) -> None:
    channel, name, rest = read(spec)
    if channel:
        _check_channel(channel)
    if name == "python":
        wanted.python = python_of(spec, rest)
        return
    _check_rest(spec, rest)
    try:
        requirement = Requirement(name)
    except InvalidRequirement:  # such as `_libgcc_mutex`, which conda knows
        wanted.specs.append(spec)
        return
    if is_replaced(requirement):
        wanted.requirements.append(requirement)
    else:
        wanted.specs.append(spec)


def _check_rest(spec: str, rest: str) -> None:
    match = _REST.fullmatch(rest)
    if match is None:
        raise conda_refusal(spec, "its version is written in no known way")
    if spec.endswith(_FILES):
        raise conda_refusal(spec, "files are not taken")
    for part in _PARTS.split(match["keys"] or ""):
        key = _KEY.fullmatch(part)
        if key is not None and key["key"] in _KEYS:
            _check_value(spec, key["key"], key["plain"] if key["quote"] is None else key["quoted"])
        elif part.strip():
            raise conda_refusal(spec, f"in brackets only {', '.join(sorted(_KEYS))} are taken")


def _check_value(spec: str, key: str, value: str) -> None:
    if key == "channel" and ":" not in value:
        _check_channel(value)
    elif not _VALUE.fullmatch(value):
        raise conda_refusal(spec, "what stands in its brackets is written in no known way")


def _channels(asked: Iterable[str]) -> tuple[str, ...]:
    named = [channel.strip() for channel in asked]
    for channel in named:
        if channel:
            _check_channel(channel)
    return tuple(dict.fromkeys(one for one in named if one not in {"", "nodefaults"}))


def _check_channel(channel: str) -> None:
    check_characters(channel, target="channels")
    if "://" not in channel:
        if not _CHANNEL.fullmatch(channel):
            raise _bad_channel(channel, "it is neither a name nor an address", _CONDARC)
        return
    address = urlsplit(channel)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise _bad_channel(channel, "only addresses of the web are taken", _CONDARC)
    if address.scheme == "http" and address.hostname not in _LOOPBACK:
        raise _bad_channel(channel, "it has no TLS", f"Write it with `https://`. Or: {_CONDARC}")
    if address.username is not None or "/t/" in address.path:
        raise _bad_channel("an address", "others would see the password in it", _CONDARC)
    if not _ADDRESS.fullmatch(channel):
        raise _bad_channel(channel, "it has characters that no address of a channel has", _CONDARC)


def _bad_channel(channel: str, rule: str, hint: str) -> InvalidError:
    return InvalidError(
        "InvalidRequirement",
        f"The channel {shown(channel)} is not allowed: {rule}.",
        target="channels",
        hint=hint,
    )
