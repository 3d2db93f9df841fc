"""Showing foreign text safely, and guessing what was meant."""

import difflib
from collections.abc import Iterable
from itertools import islice

SHOWN_LENGTH = 100
_GUESSED_NAMES = 200
_GUESSED_LENGTH = 100


def shown(value: object) -> str:
    """Return `value` in backticks, printable and at most `SHOWN_LENGTH` characters long."""
    text = printable(str(value)[: SHOWN_LENGTH + 1])
    return f"`{text[:SHOWN_LENGTH]}…`" if len(text) > SHOWN_LENGTH else f"`{text}`"


def printable(text: str) -> str:
    """Return a text that does nothing to a terminal: one line, without control characters."""
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` was probably meant to be.

    Only the first names are looked at, and the ends of long ones: a guess is not worth a second.
    """
    ends = {other[-_GUESSED_LENGTH:]: other for other in islice(known, _GUESSED_NAMES)}
    matches = difflib.get_close_matches(name[-_GUESSED_LENGTH:], ends, n=1)
    return ends[matches[0]] if matches else None
