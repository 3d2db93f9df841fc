"""What lies in folders of installed packages, without asking an interpreter."""

from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

_INFO = ".dist-info"


def installed_in(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return `name==version` of what is installed, in order; the first folder that has it wins."""
    found: dict[str, str] = {}
    for folder in folders:
        for entry in folder.glob(f"*{_INFO}"):
            name, _, version = entry.name.removesuffix(_INFO).partition("-")
            found.setdefault(canonicalize_name(name), version)
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()))
