"""The images that a Dockerfile takes something from: rather too many than one too few.

Where an engine would read a line otherwise than this does, both readings count.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from zaffre.domain.containers import is_image_name

_COMMENT: Final = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_GOES_ON: Final = tuple(
    re.compile(rf"{re.escape(mark)}[ \t\r]*\n(?:[ \t\r]*\n)*") for mark in ("\\", "`")
)
_CUT: Final = re.compile(r"[\\`][ \t\r]*$")
_INSTRUCTION: Final = re.compile(
    r"^\s*(?:ONBUILD\s+)?(?P<word>FROM|ARG|COPY|ADD|RUN)\s+(?P<rest>.*)$", re.IGNORECASE
)
_BASE: Final = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)
_OTHER: Final = re.compile(r"(?:--from=|[,='\"]from=)(?P<image>[^\s,]+)", re.IGNORECASE)
_ARG: Final = re.compile(r"(?<!\w)(?P<name>\w+)=(?P<value>\"[^\"]*\"|'[^']*'|\S*)")
_VARIABLE: Final = re.compile(r"\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::?-(?P<default>[^}$]*))?\})")

_LONGEST: Final = 1_000
_MOST_VARIABLES: Final = 10
_MOST_DIGITS: Final = 3


def images_in(dockerfile: str) -> list[str]:
    """Return the images that a Dockerfile takes something from, and the stages that it names.

    What cannot be told is returned as it is written, and is then no name of an image.
    """
    said = list(dict.fromkeys(_instructions(dockerfile)))
    begun = [found for word, rest in said if word == "FROM" and (found := _BASE.match(rest))]
    stages = {found["stage"] for found in begun}
    values = _values(rest for word, rest in said if word == "ARG")
    taken = [image for word, rest in said for image in _taken(word, rest, stages=len(begun))]
    images = [_filled(image.strip("\"'"), values) for image in taken]
    kept = [image for image in images if is_image_name(image) or image not in stages]
    return [image for image in dict.fromkeys(kept) if image not in {"", "scratch"}]


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Yield word and rest of what may be an instruction, with lines that go on and without."""
    text = _COMMENT.sub("", dockerfile.lstrip("\ufeff"))
    for reading in (text, *(mark.sub("", text) for mark in _GOES_ON)):
        for line in reading.split("\n"):
            if found := _INSTRUCTION.match(_CUT.sub("", line)):
                yield found["word"].upper(), found["rest"].strip()


def _taken(word: str, rest: str, *, stages: int) -> Iterator[str]:
    if word == "FROM" and (base := _BASE.match(rest)):
        yield base["image"]
    elif word != "ARG":
        for found in _OTHER.finditer(rest):
            image = found["image"]
            is_stage = image.isdecimal() and len(image) <= _MOST_DIGITS and int(image) < stages
            if not is_stage:
                yield image


def _values(lines: Iterable[str]) -> dict[str, set[str]]:
    values: dict[str, set[str]] = {}
    for line in lines:
        for found in _ARG.finditer(line):
            values.setdefault(found["name"], set()).add(found["value"].strip("\"'"))
    return values


def _filled(word: str, values: dict[str, set[str]]) -> str:
    """Return a word with its variables filled in, as far as each can have one value alone."""

    def value(found: re.Match[str]) -> str:
        known = set(values.get(found["plain"] or found["name"], ()))
        if found["default"] is not None:
            known.add(found["default"])
        only = known.pop() if len(known) == 1 else found[0]
        return only if len(only) <= _LONGEST else found[0]

    return _VARIABLE.sub(value, word, count=_MOST_VARIABLES)
