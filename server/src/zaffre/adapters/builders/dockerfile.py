"""Dockerfiles that only install packages: read without a container engine, never run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

HINT: Final = (
    "Without a container engine only Dockerfiles are read that install packages: `FROM` a Python "
    "or Azure ML image, `ENV`, and `RUN pip install` or `RUN conda install`. Install podman or "
    "docker on the server for all others."
)
_LONGEST: Final = 100_000
_VARIABLE: Final = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<plain>\w+))")
_ASSIGNED: Final = re.compile(r"(\w+)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|\S*)\s*")
_OF_THE_IMAGE: Final = re.compile(r"PATH|LD_LIBRARY_PATH|.*CONDA.*|VIRTUAL_ENV|DEBIAN_FRONTEND")
_NO_EFFECT: Final = frozenset({
    "CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "SHELL", "STOPSIGNAL",
    "USER", "VOLUME", "WORKDIR",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction with what it says, and where it stands."""

    number: int
    word: str
    text: str
    written: str

    def refusal(self, rule: str) -> InvalidError:
        """Return the error for an instruction that cannot be followed."""
        return InvalidError(
            "DockerfileNotSupported",
            f"Line {self.number} of the Dockerfile, {shown(self.written)}: {rule}.",
            target="image.dockerfile",
            hint=HINT,
        )


class _Known(dict[str, str]):
    """Variables that are known; each may be made of others, and only so much of them in all.

    Attributes:
        room: How many characters they may still add.
    """

    room = _LONGEST


@dataclass(slots=True)
class Instructions:
    """What a Dockerfile says.

    Attributes:
        base: The image that it begins with.
        variables: Of the environment.
        commands: What is run, each with the line it is from.
        copied: Files of the context by where they are copied from.
        notes: What has no effect without an engine.
    """

    base: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    commands: list[tuple[Line, str]] = field(default_factory=list)
    copied: list[tuple[Line, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(text: str) -> Instructions:
    """Return what a Dockerfile says.

    Raises:
        InvalidError: `DockerfileNotSupported`, naming the line and why.
    """
    if len(text) > _LONGEST:
        raise InvalidError(
            "DockerfileNotSupported",
            f"The Dockerfile has {len(text)} characters; at most {_LONGEST} are read.",
            target="image.dockerfile",
        )
    found, known = Instructions(), _Known()
    for line in _lines(text):
        _take(found, known, line)
    if not found.base:
        raise InvalidError(
            "DockerfileNotSupported",
            "The Dockerfile has no `FROM`.",
            target="image.dockerfile",
            hint=HINT,
        )
    return found


def _take(found: Instructions, known: _Known, line: Line) -> None:
    match line.word:
        case "FROM":
            _from(found, known, line)
        case "ARG":
            name, _, value = line.text.partition("=")
            known.setdefault(name.strip(), _plain(_filled(value, known, line)))
        case "ENV":
            for name, value in _assignments(line):
                _set(found, name, _filled(value, known, line))
                known[name] = _filled(value, known, line)
        case "RUN":
            found.commands.append((line, _filled(_command(line), known, line)))
        case "COPY" | "ADD":
            _copy(found, line)
        case word if word in _NO_EFFECT:
            found.notes.append(f"{word} in the Dockerfile has no effect without an engine.")
        case _:
            raise line.refusal(f"{shown(line.word)} is not followed")


def _set(found: Instructions, name: str, value: str) -> None:
    if _OF_THE_IMAGE.fullmatch(name):
        found.notes.append(f"{name} is not set: its folders are those of an image.")
    else:
        found.variables[name] = value


def _from(found: Instructions, known: _Known, line: Line) -> None:
    if found.base:
        raise line.refusal("a second `FROM` is not followed")
    words = [word for word in _filled(line.text, known, line).split() if word[:2] != "--"]
    if not words:
        raise line.refusal("it names no image")
    found.base = words[0]


def _copy(found: Instructions, line: Line) -> None:
    if line.text.startswith("["):
        raise line.refusal("write the paths without brackets")
    words = line.text.split()
    if any(word.startswith("--from") for word in words):
        raise line.refusal("files of other images are not there")
    sources = [word for word in words if not word.startswith("--")][:-1]
    found.copied.extend((line, source) for source in sources)


def _command(line: Line) -> str:
    text = line.text
    while text.startswith("--"):  # such as `--mount=type=cache,…`
        text = text.partition(" ")[2].lstrip()
    if text.startswith(("[", "<<")):
        raise line.refusal("commands are read as one line of a shell")
    return text


def _assignments(line: Line) -> Iterator[tuple[str, str]]:
    name, equal, _ = line.text.partition("=")
    if not equal or " " in name.strip():
        first, _, rest = line.text.partition(" ")
        yield first, rest.strip()  # the older form: ENV NAME all the rest
        return
    place = 0
    while place < len(line.text):
        match = _ASSIGNED.match(line.text, place)
        if match is None:
            raise line.refusal("variables are written `NAME=value`")
        yield match[1], _plain(match[2])
        place = match.end()


def _plain(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return value.replace('\\"', '"')


def _filled(text: str, known: _Known, line: Line) -> str:
    """Return `text` with variables of the Dockerfile filled in; those of a shell are refused."""

    def bounded(match: re.Match[str]) -> str:
        found = value(match)
        known.room -= len(found)
        if known.room < 0:
            raise line.refusal(f"variables add more than {_LONGEST} characters")
        return found

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        if name in known:
            return known[name]
        if match["default"] is not None:
            return match["default"]
        if line.word == "ENV":
            return ""  # as in `PATH=/opt/bin:$PATH`: what the image had is not known
        raise line.refusal(f"the variable `{name}` has no value")

    return _VARIABLE.sub(bounded, text)


def _lines(text: str) -> Iterator[Line]:
    parts: list[str] = []
    begin = 1
    for number, raw in enumerate(text.splitlines(), start=1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        begin = begin if parts else number
        goes_on = stripped.endswith("\\")
        parts.append(stripped[:-1].strip() if goes_on else stripped)
        if not goes_on:
            yield _line(begin, " ".join(parts))
            parts = []
    if parts:
        yield _line(begin, " ".join(parts))


def _line(number: int, written: str) -> Line:
    word, _, text = written.partition(" ")
    return Line(number, word.upper(), text.strip(), written)
