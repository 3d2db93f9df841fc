"""What the submitting program has installed, so that an environment can follow it."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"\s*(?:[^:\s]+::)?([A-Za-z0-9][A-Za-z0-9._-]*)")
# As PEP 440 has them; other ones are on no index.
_VERSION = re.compile(
    r"(?:\d+!)?\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?(?:\+[a-z0-9.]+)?"
)
_OURS = frozenset({"zaffre", "zaffre-sdk"})


def preferred_packages(requirements: Iterable[str]) -> list[str]:
    """Return `name==version` of the packages named and of all they need, as far as installed.

    What a named package needs belongs to it: a model pickled with this scikit-learn and this
    numpy loads with both, and an old scikit-learn does not even import beside a new numpy.
    Markers are not evaluated; what does not apply here is not installed here.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = [_name(requirement) for requirement in requirements]
    while waiting:
        name = waiting.pop()
        installed = _installed(name) if name not in seen else None
        if installed is None:
            continue
        if _VERSION.fullmatch(installed.version):
            found[name] = installed.version
        seen.add(name)
        waiting.extend(_name(line) for line in installed.requires or () if "extra ==" not in line)
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _installed(name: str) -> Distribution | None:
    if not name or name in _OURS:
        return None
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    return re.sub(r"[._-]+", "-", match.group(1)).lower() if match else ""
