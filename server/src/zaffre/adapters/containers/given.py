"""Interpreters that an image has, used as they are."""

import posixpath
from dataclasses import dataclass
from typing import Final

from packaging.specifiers import SpecifierSet

from zaffre.adapters.builders.interpreters import Interpreter
from zaffre.adapters.containers.bases import Base
from zaffre.adapters.containers.engine import Talk
from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

_USUAL: Final = ("python", "python3")


@dataclass(frozen=True, slots=True)
class GivenPython:
    """An interpreter of an image.

    Attributes:
        path: Where it lies, or its name when the image has none.
        note: What it is, for the log.
        is_supported: Whether zaffre-sdk is put beside what it has.
    """

    path: str
    note: str
    is_supported: bool


async def find_given(
    talk: Talk, base: Base, asked: str, found: list[Interpreter], *, floor: SpecifierSet
) -> GivenPython:
    """Return the interpreter that is asked for by its name or path.

    Raises:
        InvalidError: `InvalidInterpreter`: the image has no such program.
    """
    name = posixpath.basename(asked)
    same = [one for one in found if one.path == asked] or [
        one for one in found if "/" not in asked and posixpath.basename(one.path) == name
    ]
    if not same and "/" not in asked and name in _USUAL:
        same = found
    if same:
        python = same[0]
        if floor.contains(python.full):
            note = f"Using Python {python.full} of the image ({python.path}) with what it has."
            return GivenPython(python.path, note, is_supported=True)
        note = (
            f"Python {python.full} of the image ({python.path}) is too old for zaffre-sdk "
            f"({floor}): the script runs without it."
        )
        return GivenPython(python.path, note, is_supported=False)
    if asked not in _USUAL and not await _is_there(talk, base, asked):
        raise InvalidError(
            "InvalidInterpreter",
            f"The image has no program {shown(asked)}.",
            target="interpreter",
            hint="Name one that it has, such as `python`, or none to have packages installed.",
        )
    note = f"The image has no Python {asked}: only commands run in it."
    return GivenPython(asked, note, is_supported=False)


async def _is_there(talk: Talk, base: Base, path: str) -> bool:
    return (await talk.try_out(base.id, path, "--version")).code == 0
