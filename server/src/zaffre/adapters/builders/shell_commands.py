"""The commands of a Dockerfile that install packages, understood and never run."""

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from zaffre.adapters.builders.dockerfile import Line
from zaffre.adapters.builders.pip_options import PipOptions, read_arguments
from zaffre.domain.errors import InvalidError

_CONDAS: Final = frozenset({"conda", "mamba", "micromamba"})
_PYTHON: Final = re.compile(r"(?:.*/)?python(?:3(?:\.\d+)?)?")
_PIP: Final = re.compile(r"(?:.*/)?pip(?:3(?:\.\d+)?)?")
_CLEANED: Final = re.compile(
    r"(/root/\.cache|~/\.cache|/var/lib/apt/lists|/var/cache/apt|/tmp|/opt/[\w.\-]*conda[\w.\-]*/pkgs)"
    r"(/[\w.*\-/]*)?"
)
_APT: Final = frozenset({"apt", "apt-get"})
_APT_QUIET: Final = frozenset({"update", "upgrade", "clean", "autoclean", "autoremove"})
_CONDA_QUIET: Final = frozenset({"clean", "config", "init", "activate", "info"})
_CONDA_VALUES: Final = frozenset({"-n", "--name", "-p", "--prefix", "--solver"})


@dataclass(slots=True)
class Asked:
    """What commands ask to be installed.

    Attributes:
        pip: Requirement lines.
        conda: Conda specifications, perhaps with one of python.
        channels: Of conda.
        options: Of pip.
        files: Requirement files and conda files, each with the line that names it.
        system: Packages of the operating system.
    """

    pip: list[str] = field(default_factory=list)
    conda: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    options: PipOptions = field(default_factory=PipOptions)
    requirement_files: list[tuple[Line, str]] = field(default_factory=list)
    conda_files: list[tuple[Line, str]] = field(default_factory=list)
    system: list[str] = field(default_factory=list)


def understand(asked: Asked, line: Line, command: str) -> None:
    """Add to `asked` what the commands of one line install.

    Raises:
        InvalidError: `DockerfileNotSupported`, for anything that does more than install packages.
    """
    for words in _commands(line, command):
        _one(asked, line, words)


def _commands(line: Line, command: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for word in lexer:
            if word in ("&&", ";"):
                yield words
                words = []
            elif set(word) <= set("();<>|&") or "`" in word or "$" in word:
                raise line.refusal(f"`{word}` is more than a list of commands")
            else:
                words.append(word)
    except ValueError as error:
        raise line.refusal(f"it does not end ({str(error).lower()})") from error
    yield words


def _one(asked: Asked, line: Line, words: list[str]) -> None:
    if words[:1] == ["sudo"]:
        words = words[1:]
    if not words:
        return
    if _PYTHON.fullmatch(words[0]) and words[1:3] == ["-m", "pip"]:
        words = words[2:]
    for is_called, follow in _FOLLOWED:
        if is_called(words[0]):
            follow(asked, line, words[1:])
            return
    raise line.refusal(f"`{words[0]}` is not followed without an engine")


def _pip(asked: Asked, line: Line, words: list[str]) -> None:
    if words[:1] == ["cache"] or words in (["check"], ["list"], ["--version"]):
        return
    if words[:1] != ["install"]:
        raise line.refusal("of pip only `install` is followed")
    try:
        found = read_arguments(words[1:], line.written)
    except InvalidError as error:
        raise line.refusal(error.message.rpartition("not allowed: ")[2].rstrip(".")) from error
    asked.options += found.options
    asked.pip.extend(found.requirements)
    asked.requirement_files.extend((line, path) for path in found.files)


def _conda(asked: Asked, line: Line, words: list[str]) -> None:
    if words[:1] and words[0] in _CONDA_QUIET:
        return
    if words[:1] == ["run"]:
        _one(asked, line, _behind_options(words[1:]))
        return
    is_file = words[:2] in (["env", "create"], ["env", "update"])
    if not is_file and words[:1] not in (["install"], ["create"]):
        raise line.refusal("of conda `install`, `create` and `env` are followed")
    _conda_words(asked, line, words[2:] if is_file else words[1:])


def _conda_words(asked: Asked, line: Line, words: Sequence[str]) -> None:
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, _, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in ("-c", "--channel", "-f", "--file"):
            value = value or (waiting.pop(0) if waiting else "")
            if name in ("-c", "--channel"):
                asked.channels.append(value)
            else:
                asked.conda_files.append((line, value))
        elif name in _CONDA_VALUES:
            if not value and waiting:
                waiting.pop(0)
        elif not word.startswith("-"):
            asked.conda.append(word)


def _behind_options(words: list[str]) -> list[str]:
    """Return the command behind `conda run -n name --no-capture-output`."""
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in _CONDA_VALUES else words[1:]
    return words


def _apt(asked: Asked, line: Line, words: list[str]) -> None:
    plain = [word for word in words if not word.startswith("-")]
    if plain[:1] and plain[0] in _APT_QUIET:
        return
    if plain[:1] != ["install"]:
        raise line.refusal("of apt only `install` is followed")
    asked.system.extend(plain[1:])


def _remove(_asked: Asked, line: Line, words: list[str]) -> None:
    for word in words:
        if not word.startswith("-") and (".." in word or not _CLEANED.fullmatch(word)):
            raise line.refusal(f"`rm {word}` is more than tidying up after an installation")


_FOLLOWED: Final[
    tuple[tuple[Callable[[str], object], Callable[[Asked, Line, list[str]], None]], ...]
] = (
    (_PIP.fullmatch, _pip),
    (lambda name: posixpath.basename(name) in _CONDAS, _conda),
    (_APT.__contains__, _apt),
    ("rm".__eq__, _remove),
)
