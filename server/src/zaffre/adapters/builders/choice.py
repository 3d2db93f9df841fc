"""Which Python of the machine a request gets."""

import re
from dataclasses import dataclass, replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from zaffre.adapters.builders.interpreters import Interpreter
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError, UnavailableError

_PLAIN = re.compile(
    r"={0,3}\s*(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.(?P<patch>\d+))?\.?\*?(=\S+)?"
)
_NEWEST_KNOWN_MINOR = 30
_BROUGHT_MINORS = range(9, 15)


@dataclass(frozen=True, slots=True)
class Choice:
    """The Python that a request gets.

    Attributes:
        interpreter: The Python itself.
        asked: The minor version that was asked for; None when any would do.
        note: Which Python it is and why, for the log.
    """

    interpreter: Interpreter
    asked: str | None
    note: str

    @property
    def moved(self) -> bool:
        """Whether it is another minor version than was asked for."""
        return self.asked is not None and self.asked != self.interpreter.minor


@dataclass(frozen=True, slots=True)
class _Wish:
    minor: int
    patch: int | None = None


def choose(request: str | None, found: list[Interpreter], *, floor: SpecifierSet) -> Choice:
    """Return the Python for `request`.

    Args:
        request: A version as people write it, such as `3.8.13`, `3.8` or `>=3.8,<3.11`.
        found: The Pythons of the machine, the server's own first.
        floor: What zaffre-sdk supports.

    Raises:
        InvalidError: `InvalidPythonVersion`: not a version, or one that nothing can stand in for.
        UnavailableError: `EnvironmentBuildFailed`: the machine has none at or above it.
    """
    usable = [python for python in found if floor.contains(python.full)]
    wish = _wish(request, usable) if request and request.strip() else None
    if isinstance(wish, Interpreter):
        return Choice(wish, None, f"Using Python {wish.full} ({wish.path}).")
    if wish is None:
        own = found[0]
        return Choice(own, None, f"Using Python {own.full}, as the server does ({own.path}).")
    return _nearest(str(request), wish, usable)


def choose_brought(request: str | None, own: Interpreter, *, floor: SpecifierSet) -> Choice:
    """Return the Python for `request` where conda brings it: any that zaffre-sdk supports.

    Raises:
        InvalidError: `InvalidPythonVersion`.
    """
    usual = Interpreter("conda", (3, own.version[1], 0), "")
    brought = [Interpreter("conda", (3, minor, 0), "") for minor in _BROUGHT_MINORS]
    choice = choose(request, [usual, *brought], floor=floor)
    words = f"Using Python {choice.interpreter.minor} of conda."
    if choice.moved:
        words = f"Python {request} was asked for; using {choice.interpreter.minor} of conda, the "
        words += "nearest that zaffre-sdk supports."
    elif choice.asked is None and not request:
        words = f"Using Python {choice.interpreter.minor} of conda, as the server does."
    return replace(choice, note=words)


def _wish(request: str, usable: list[Interpreter]) -> _Wish | Interpreter | None:
    plain = _PLAIN.fullmatch(request.strip())
    if plain is None:
        return _within(request, usable)
    if plain["major"] != "3":
        raise _not_supported(request)
    if plain["minor"] is None:
        return None
    return _Wish(int(plain["minor"]), int(plain["patch"]) if plain["patch"] else None)


def _within(request: str, usable: list[Interpreter]) -> _Wish | Interpreter:
    """The server's own Python when it lies in the range, else the newest that does."""
    try:
        wanted = SpecifierSet(request)
    except InvalidSpecifier as error:
        raise _not_supported(request) from error
    inside = [python for python in usable if wanted.contains(python.full)]
    if inside:
        return max(inside, key=lambda python: (python == usable[0], python.version))
    minors = [
        minor
        for minor in range(_NEWEST_KNOWN_MINOR)
        if wanted.contains(f"3.{minor}.0") or wanted.contains(f"3.{minor}.99")
    ]
    if not minors:
        raise _not_supported(request)
    return _Wish(minors[0] if minors[-1] == _NEWEST_KNOWN_MINOR - 1 else minors[-1])


def _nearest(request: str, wish: _Wish, usable: list[Interpreter]) -> Choice:
    asked = f"3.{wish.minor}"
    above = [python for python in usable if python.version[1] >= wish.minor]
    if not above:
        raise _none_above(request, usable)
    lowest = min(python.version[1] for python in above)
    patch = wish.patch if lowest == wish.minor else None
    same = [python for python in above if python.version[1] == lowest]
    best = max(same, key=lambda each: (each.version[2] == patch, each == usable[0], each.version))
    if lowest == wish.minor:
        return Choice(best, asked, f"Using Python {best.full} ({best.path}).")
    note = (
        f"Python {request} was asked for; using Python {best.full} ({best.path}), the nearest on "
        "this machine that zaffre-sdk supports."
    )
    return Choice(best, asked, note)


def _not_supported(request: str) -> InvalidError:
    return InvalidError(
        "InvalidPythonVersion",
        f"Python {shown(request)} cannot be used: it is no version of Python 3.",
        target="python_version",
        hint="Ask for one such as `3.10`, or for none to get the server's own.",
    )


def _none_above(request: str, usable: list[Interpreter]) -> UnavailableError:
    versions = sorted({python.version for python in usable})
    available = ", ".join(".".join(map(str, version)) for version in versions) or "none"
    return UnavailableError(
        "EnvironmentBuildFailed",
        f"Python {shown(request)} is not on this machine, nor any newer one.",
        target="python_version",
        hint=f"Available: {available}. Ask for one of them, or install Python {request}.",
    )
