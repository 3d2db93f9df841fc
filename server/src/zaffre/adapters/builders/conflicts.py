"""Who asked for which version, out of what uv says when none suits all."""

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from packaging.utils import canonicalize_name

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._\-]*"
_NEED: Final = re.compile(
    rf"(?P<who>{_NAME}(?:\[[^\]]*\])?[^\s,]*(?:,[<>=!~][^\s,]+)*) depends on "
    rf"(?P<what>{_NAME})(?:\[[^\]]*\])?(?:\{{[^}}]*\}})?(?P<versions>[<>=!~][^\s]*)?"
)
_ASKED: Final = re.compile(r"(?<!conclude that )you require (?P<list>.+?)(?=, we can|\.\s|\.?$)")
_ONE: Final = re.compile(rf"(?P<what>{_NAME})(?:\[[^\]]*\])?(?P<versions>[<>=!~]\S*)?")
_MOST: Final = 6


class Demand(NamedTuple):
    """A version of a package that somebody asks for.

    Attributes:
        what: The package.
        versions: Such as `>=1.2,<2`; empty for any.
        by: The package that needs it; empty for the environment itself.
    """

    what: str
    versions: str
    by: str = ""


def explain(story: str) -> tuple[str, str] | None:
    """Return in plain words who contradicts whom, and what to do; None when it is not that plain.

    Args:
        story: What uv says behind "No solution found", in one line.
    """
    return explained(list(dict.fromkeys(_demands(story))))


def explained(demands: list[Demand]) -> tuple[str, str] | None:
    """Return in plain words who of these contradicts whom, and what to do; None if nobody does."""
    contested = _contested(demands)
    if contested is None:
        return None
    asked_for = {canonicalize_name(one.what) for one in demands if not one.by}
    of_it = [one for one in demands if canonicalize_name(one.what) == contested]
    own = [f"`{one.what}{one.versions}`" for one in of_it if not one.by]
    parts = [f"the environment asks for {' and '.join(own)}"] if own else []
    parts.extend(_words(one, asked_for) for one in of_it[:_MOST] if one.by)
    others = sorted({_plain(one.by) for one in of_it if one.by})
    hint = f"Change or leave out the version of {contested}"
    hint += f", or that of {' or '.join(others)}." if others else "."
    return f"No version of `{contested}` suits all: {'; '.join(parts)}.", hint


def _demands(story: str) -> Iterator[Demand]:
    for match in _NEED.finditer(story):
        yield Demand(match["what"], (match["versions"] or "").rstrip(".,"), match["who"])
    for match in _ASKED.finditer(story):
        for one in re.split(r",? and (?!your\b)", match["list"]):
            found = _ONE.match(one.removeprefix("you require ").strip())
            if found is not None and " depends on " not in one:
                yield Demand(found["what"], (found["versions"] or "").rstrip(".,"))


def _contested(demands: list[Demand]) -> str | None:
    """Return the package of which versions are asked for from two sides."""
    sides: dict[str, list[Demand]] = {}
    for one in demands:
        if one.versions:
            sides.setdefault(canonicalize_name(one.what), []).append(one)
    several = [name for name, found in sides.items() if len(found) > 1]
    needed = [name for name in several if any(one.by for one in sides[name])]
    return next(iter(needed or several), None)


def _words(demand: Demand, asked_for: Collection[str]) -> str:
    whose = ", which is asked for," if _plain(demand.by) in asked_for else ""
    return f"`{demand.by}`{whose} needs `{demand.what}{demand.versions}`"


def _plain(requirement: str) -> str:
    found = re.match(_NAME, requirement)
    return canonicalize_name(found[0]) if found else requirement
