"""Which release of a framework is installed for the version that a program asks for.

Estimators of v1 name versions from years ago, on a Python that has ended. What is installed is
the release closest to what was asked for that the interpreter of the run can have, together with
what it needs to be held back to work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Framework:
    """A framework and its releases.

    Attributes:
        package: What is installed.
        asked_in_v1: The versions that v1's estimator knows.
        releases: By version of Python, the last release of each minor version it can have,
            oldest first.
        beside: Packages that come along, whatever the version.
        held_back: Further packages, each with the first release that does without; of several
            lines for one package the first that applies.
    """

    package: str
    asked_in_v1: tuple[str, ...]
    releases: Mapping[str, tuple[str, ...]]
    beside: tuple[str, ...] = ()
    held_back: tuple[tuple[str, str], ...] = ()

    @property
    def versions(self) -> list[str]:
        """The versions that may be asked for, oldest first."""
        minors = {_minor(one) for releases in self.releases.values() for one in releases}
        return sorted({*self.asked_in_v1, *minors}, key=_numbers)

    def has(self, version: str) -> bool:
        """Return whether a release of that very number is among them."""
        return any(version in releases for releases in self.releases.values())

    def python_for(self, python: str) -> str:
        """Return a version of Python that has releases: this one, or the last that has."""
        known = list(self.releases)
        return python if python in known else known[-1]

    def closest(self, version: str, python: str) -> str:
        """Return the release that comes closest to a version, for a version of Python.

        It is of that minor version, or else of the next one that there is; for a version later
        than all, the last one.
        """
        releases = self.releases[python]
        wanted = _numbers(_minor(version))
        exact = [one for one in releases if _numbers(_minor(one)) == wanted]
        later = [one for one in releases if _numbers(one) >= wanted]
        return (exact or later or releases[-1:])[0]

    def requirements(self, version: str | None, python: str) -> list[str]:
        """Return what is installed for a version; None is for what the program itself has."""
        if version is None:
            return [self.package, *self.beside]
        release = self.closest(version, python)
        held: dict[str, str] = {}
        for line, until in self.held_back:
            if _numbers(release) < _numbers(until):
                held.setdefault(line.partition("<")[0], line)
        beside = [one for one in self.beside if one not in held]
        return [f"{self.package}=={release}", *held.values(), *beside]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split(".") if one.isdigit())


def _since(pythons: Mapping[str, tuple[str, str]], releases: str) -> dict[str, tuple[str, ...]]:
    """Return releases by Python, given the first and the last one of each."""
    every = releases.split()
    return {
        python: tuple(every[every.index(first) : every.index(last) + 1])
        for python, (first, last) in pythons.items()
    }


SKLEARN = Framework(
    package="scikit-learn",
    asked_in_v1=("0.20.3",),
    releases=_since(
        {
            "3.9": ("0.24.2", "1.6.1"),
            "3.10": ("1.0.2", "1.7.2"),
            "3.11": ("1.1.3", "1.8.0"),
            "3.12": ("1.3.2", "1.8.0"),
            "3.13": ("1.5.2", "1.8.0"),
            "3.14": ("1.7.2", "1.8.0"),
        },
        "0.24.2 1.0.2 1.1.3 1.2.2 1.3.2 1.4.2 1.5.2 1.6.1 1.7.2 1.8.0",
    ),
    beside=("joblib", "scipy"),
    held_back=(
        ("numpy<1.24", "1.2"),
        ("numpy<2", "1.4"),
        ("numpy<2.3", "1.7"),
        ("scipy<1.12", "1.2"),
        ("scipy<1.16", "1.7"),
    ),
)
PYTORCH = Framework(
    package="torch",
    asked_in_v1=("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6"),
    releases=_since(
        {
            "3.9": ("1.8.1", "2.8.0"),
            "3.10": ("1.11.0", "2.9.1"),
            "3.11": ("2.0.1", "2.9.1"),
            "3.12": ("2.2.2", "2.9.1"),
            "3.13": ("2.6.0", "2.9.1"),
            "3.14": ("2.9.1", "2.9.1"),
        },
        "1.8.1 1.9.1 1.10.2 1.11.0 1.12.1 1.13.1 2.0.1 2.1.2 2.2.2 2.3.1 2.4.1 2.5.1 2.6.0 "
        "2.7.1 2.8.0 2.9.1",
    ),
    beside=("torchvision",),
    held_back=(("numpy<2", "2.3"),),
)
TENSORFLOW = Framework(
    package="tensorflow",
    asked_in_v1=("1.10", "1.12", "1.13", "2.0", "2.1", "2.2", "2.3"),
    releases=_since(
        {
            "3.9": ("2.7.4", "2.20.0"),
            "3.10": ("2.8.4", "2.20.0"),
            "3.11": ("2.12.1", "2.20.0"),
            "3.12": ("2.16.2", "2.20.0"),
            "3.13": ("2.20.0", "2.20.0"),
        },
        "2.7.4 2.8.4 2.9.3 2.10.1 2.11.1 2.12.1 2.13.1 2.14.1 2.15.1 2.16.2 2.17.1 "
        "2.18.1 2.19.1 2.20.0",
    ),
    held_back=(("protobuf<3.20", "2.9"), ("numpy<1.24", "2.13")),
)
CHAINER = Framework(
    package="chainer",
    asked_in_v1=("5.1.0", "7.0.0"),
    releases=dict.fromkeys(("3.9", "3.10", "3.11"), ("7.8.1",)),
    held_back=(("numpy<1.24", "8"), ("protobuf<3.21", "8"), ("setuptools<65", "8")),
)
