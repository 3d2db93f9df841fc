"""Options of pip that an environment may hold: where packages come from, and which of them."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from zaffre.adapters.builders.requirements import check_characters, refusal
from zaffre.domain.errors import InvalidError

TARGET: Final = "pip_options"
ALL: Final = ":all:"
_MOST: Final = 200
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/@\s]+@")
_PACKAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]*")
_TAKEN: Final = "`--index-url`, `--extra-index-url`, `--find-links`, `--trusted-host`, `--pre`"

_WITH_VALUE: Final = {
    "-f": "find_links",
    "-i": "index",
    "--extra-index-url": "extra_indexes",
    "--find-links": "find_links",
    "--index-url": "index",
    "--no-binary": "no_binary",
    "--only-binary": "only_binary",
    "--pypi-url": "index",
    "--trusted-host": "trusted_hosts",
}
_SWITCHES: Final = {"--no-index": "no_index", "--pre": "prereleases"}
# How pip goes about its work, which is uv's here; whether each takes a value.
_WITHOUT_EFFECT: Final = {
    "-I": False, "-U": False, "-q": False, "-qq": False, "-v": False, "-y": False,
    "--cache-dir": True, "--default-timeout": True, "--disable-pip-version-check": False,
    "--force-reinstall": False, "--ignore-installed": False, "--no-cache": False,
    "--no-cache-dir": False, "--no-compile": False, "--no-input": False,
    "--no-python-version-warning": False, "--no-warn-script-location": False,
    "--prefer-binary": False, "--progress-bar": True, "--quiet": False, "--retries": True,
    "--root-user-action": True, "--system": False, "--timeout": True, "--upgrade": False,
    "--upgrade-strategy": True, "--use-deprecated": True, "--use-feature": True,
    "--user": False, "--verbose": False, "--break-system-packages": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PipOptions:
    """Where packages come from, and which of them are taken.

    Attributes:
        index: In place of the server's.
        extra_indexes: Asked before it; their versions win where they fit.
        find_links: Pages with files.
        trusted_hosts: Those that may be asked without TLS.
        no_binary: Packages built from source, or `:all:`.
        only_binary: Packages never built from source, or `:all:`.
    """

    index: str = ""
    extra_indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    no_index: bool = False
    prereleases: bool = False

    def __add__(self, other: "PipOptions") -> "PipOptions":
        """Return both; of two indexes the later one."""
        joined: dict[str, Any] = {}
        for field in fields(self):
            ours, theirs = getattr(self, field.name), getattr(other, field.name)
            both = tuple(dict.fromkeys((*ours, *theirs))) if isinstance(ours, tuple) else None
            joined[field.name] = both if both is not None else theirs or ours
        return PipOptions(**joined)

    def environ(self, server: Mapping[str, str]) -> dict[str, str]:
        """Return what is set for uv; addresses may hold passwords, which arguments would show."""
        said = {
            "UV_DEFAULT_INDEX": self.index,
            "UV_INDEX": " ".join(_joined(self.extra_indexes, server.get("UV_INDEX", ""))),
            "UV_FIND_LINKS": ",".join(
                _joined(self.find_links, server.get("UV_FIND_LINKS", ""), separator=",")
            ),
            "UV_INSECURE_HOST": " ".join(
                _joined(self.trusted_hosts, server.get("UV_INSECURE_HOST", ""))
            ),
            "UV_NO_INDEX": "1" if self.no_index else "",
            "UV_PRERELEASE": "allow" if self.prereleases else "",
        }
        if self.extra_indexes and "UV_INDEX_STRATEGY" not in server:
            # As with pip each index is asked for what another lacks; a name that both have is
            # taken from the one that was named, so that nobody slips in a higher version.
            said["UV_INDEX_STRATEGY"] = "unsafe-first-match"
        return {name: value for name, value in said.items() if value}

    def arguments(self, named: Iterable[str]) -> list[str]:
        """Return what is told in arguments; `named` are the packages that are asked for."""
        # For uv `:all:` would go for zaffre-sdk too, which is a wheel.
        no_binary = sorted(named) if ALL in self.no_binary else self.no_binary
        return [
            *(f"--no-binary={name}" for name in no_binary),
            *(f"--only-binary={name}" for name in self.only_binary),
        ]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What words behind `pip install` ask for."""

    options: PipOptions
    requirements: tuple[str, ...]
    files: tuple[str, ...]
    notes: tuple[str, ...]


def parse_options(lines: Sequence[str]) -> tuple[PipOptions, tuple[str, ...]]:
    """Return what option lines say, and what of it has no effect.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    check_count(lines)
    options = PipOptions()
    notes: list[str] = []
    for line in lines:
        check_characters(line, target=TARGET)
        words = split(line)
        if words and not words[0].startswith("-"):
            raise refusal(line, "it is no option", target=TARGET, hint="Options begin with `-`.")
        found = read_arguments(words, line, trusted=lines)
        if found.requirements or found.files:
            raise refusal(line, "it is more than an option", target=TARGET, hint=_hint())
        options += found.options
        notes.extend(found.notes)
    return options, tuple(notes)


def check_count(lines: Sequence[str]) -> None:
    """Refuse more option lines than anybody needs: each one is compared with all.

    Raises:
        InvalidError: `InvalidRequirement`.
    """
    if len(lines) > _MOST:
        line = _CREDENTIALS.sub("***@", lines[_MOST])
        rule = f"there are {len(lines)} options, and at most {_MOST} are taken"
        raise refusal(line, rule, target=TARGET, hint="Leave out what says the same again.")


def read_arguments(words: Sequence[str], line: str, *, trusted: Iterable[str] = ()) -> Arguments:
    """Return what the words behind `pip install` ask for.

    Args:
        words: Without `pip install` itself.
        line: Where they stand, for the error.
        trusted: Lines that may name hosts to be trusted.

    Raises:
        InvalidError: `InvalidRequirement`, naming the line and the rule.
    """
    reading = _Reading(line, _trusted([line, *trusted]))
    waiting = list(words)
    while waiting:
        reading.take(waiting)
    return reading.result()


def split(line: str) -> list[str]:
    """Return the words of a line as a shell would see them.

    Raises:
        InvalidError: `InvalidRequirement`: a quote does not end.
    """
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        rule = f"its quotes are not closed ({str(error).lower()})"
        raise refusal(line, rule, target=TARGET, hint="Close them.") from error


class _Reading:
    def __init__(self, line: str, trusted: set[str]) -> None:
        self._line = line
        self._trusted = trusted
        self._lists: dict[str, list[str]] = {}
        self._switches: dict[str, bool] = {}
        self._index = ""
        self._requirements: list[str] = []
        self._files: list[str] = []
        self._notes: list[str] = []

    def take(self, waiting: list[str]) -> None:
        """Take the next word, with its value."""
        word = waiting.pop(0)
        name, equal, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-"):
            self._requirements.append(word)
        elif name in _SWITCHES and not equal:
            self._switches[_SWITCHES[name]] = True
        elif name in ("-r", "--requirement"):
            self._files.append(value or self._next(name, waiting))
        elif name in _WITH_VALUE:
            self._set(_WITH_VALUE[name], value or self._next(name, waiting))
        elif name in _WITHOUT_EFFECT:
            if _WITHOUT_EFFECT[name] and not equal:
                self._next(name, waiting)
            self._notes.append(f"{name} has no effect here.")
        else:
            raise self._refusal(f"the option `{name}` is not taken")

    def result(self) -> Arguments:
        """Return all that was taken."""
        lists = {name: tuple(values) for name, values in self._lists.items()}
        options = PipOptions(index=self._index, **lists, **self._switches)  # type: ignore[arg-type] # by name
        return Arguments(
            options, tuple(self._requirements), tuple(self._files), tuple(self._notes)
        )

    def _set(self, kind: str, value: str) -> None:
        if kind == "index":
            self._index = self._address(value)
        elif kind in ("extra_indexes", "find_links"):
            self._add(kind, self._address(value))
        elif kind == "trusted_hosts":
            if not _HOST.fullmatch(value):
                raise self._refusal(f"`{value}` is no host")
            self._add(kind, value)
        else:
            for name in value.split(","):
                self._add(kind, self._package(name.strip()))

    def _add(self, kind: str, value: str) -> None:
        self._lists.setdefault(kind, []).append(value)

    def _next(self, name: str, waiting: list[str]) -> str:
        if not waiting:
            raise self._refusal(f"`{name}` lacks its value")
        return waiting.pop(0)

    def _address(self, value: str) -> str:
        try:
            parts = urlsplit(value)
            host = parts.hostname or ""
        except ValueError:
            raise self._refusal("its address is none") from None
        if parts.scheme not in ("http", "https") or not host or re.search(r"[\s,]", value):
            raise self._refusal(
                "its address is not one of the web; files and folders are not read"
            )
        if parts.scheme == "http" and host not in (_LOOPBACK | self._trusted):
            hint = f"Use `https`, or add the option `--trusted-host {host}`."
            raise self._refusal(f"`{host}` would be asked without TLS", hint)
        return value

    def _package(self, name: str) -> str:
        if name == ALL:
            return name
        if not _PACKAGE.fullmatch(name):
            raise self._refusal(f"`{name}` is no package")
        return canonicalize_name(name)

    def _refusal(self, rule: str, hint: str = "") -> InvalidError:
        line = _CREDENTIALS.sub("***@", self._line)
        return refusal(line, rule, target=TARGET, hint=hint or _hint())


def _hint() -> str:
    return f"Taken are {_TAKEN}, `--no-index`, `--no-binary` and `--only-binary`."


def _trusted(lines: Iterable[str]) -> set[str]:
    found = (re.search(r"--trusted-host[=\s]+(\S+)", line) for line in lines)
    return {match[1].rpartition(":")[0] or match[1] for match in found if match}


def _joined(first: Iterable[str], second: str, *, separator: str | None = None) -> list[str]:
    return list(dict.fromkeys([*first, *filter(None, second.split(separator))]))
