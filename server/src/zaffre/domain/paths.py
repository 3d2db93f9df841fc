"""Relative paths as clients name them: the same rule on every operating system.

Paths arrive decoded exactly once, at the edge. A path is a list of plain segments; nothing in it
can climb, name a drive, or mean another file on another system.
"""

import re
import unicodedata
from collections.abc import Iterable

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError

MAX_SEGMENT_BYTES = 255
MAX_PATH_BYTES = 2048
_FORBIDDEN = frozenset("\\:\0")
_CONTROL = re.compile(r"[\x00-\x1f]")
_HALF = re.compile(r"[\ud800-\udfff]")
# What nearly all paths look like: words, which dots may join. These break none of the rules.
_WORDS = r"(?!(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:[./]|\Z))[\w-]+(?:\.[\w-]+)*"
_PLAIN = re.compile(f"{_WORDS}(?:/{_WORDS})*", re.ASCII | re.IGNORECASE)
# Device names that Windows opens instead of a file, whatever their ending.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
)


def check_path(path: str, *, target: str = "path") -> str:
    """Return the relative path in Unicode form NFC.

    Raises:
        InvalidError: `InvalidPath`, naming the segment and the rule it breaks.
    """
    if len(path) <= MAX_SEGMENT_BYTES and _PLAIN.fullmatch(path):
        return path
    normal = unicodedata.normalize("NFC", path)
    if not normal or _byte_length(normal) > MAX_PATH_BYTES:
        raise _refused(path, target, f"A path has 1 to {MAX_PATH_BYTES} bytes.")
    for segment in normal.split("/"):
        reason = _broken_rule(segment)
        if reason:
            raise _refused(path, target, f"The segment {shown(segment)} {reason}.")
    return normal


def check_distinct(paths: Iterable[str], *, target: str = "files") -> None:
    """Refuse two paths that some file system would take for one.

    Raises:
        InvalidError: `DuplicatePath`.
    """
    seen: dict[str, str] = {}
    for path in paths:
        folded = path.casefold()
        twin = seen.get(folded)
        if twin is not None:
            raise InvalidError(
                "DuplicatePath",
                f"The paths {shown(twin)} and {shown(path)} are one file on some systems.",
                target=target,
                hint="Rename one of them.",
            )
        seen[folded] = path


def _broken_rule(segment: str) -> str | None:
    rules = (
        (segment in {"", ".", ".."}, "is empty or climbs"),
        (not _FORBIDDEN.isdisjoint(segment), "has a backslash, a colon or a NUL"),
        (_CONTROL.search(segment), "has a control character"),
        (segment[-1:] in {".", " "}, "ends with a dot or a space"),
        (segment.partition(".")[0].lower() in _DEVICES, "is the name of a device"),
        (_byte_length(segment) > MAX_SEGMENT_BYTES, f"is longer than {MAX_SEGMENT_BYTES} bytes"),
        (_HALF.search(segment), "has half a character"),
    )
    return next((reason for broken, reason in rules if broken), None)


def _byte_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _refused(path: str, target: str, reason: str) -> InvalidError:
    return InvalidError(
        "InvalidPath",
        f"The path {shown(path)} is not allowed. {reason}",
        target=target,
        hint="Use a relative path with forward slashes, such as `outputs/model.pkl`.",
    )
