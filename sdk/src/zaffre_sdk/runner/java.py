"""The Javas of this machine, and which of them a Spark runs on."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

NO_JAVA = (
    "Spark needs Java, and none was found: neither in `JAVA_HOME`, nor on the PATH, nor where "
    "systems keep them. Install one on the machine where the run executes, such as with `apt-get "
    "install openjdk-17-jre-headless`, or set `JAVA_HOME` to the folder of one."
)
HOME = "JAVA_HOME"
_PLACES = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
_SECONDS_TO_ANSWER = 30
_RELEASE = re.compile(r'^JAVA_VERSION="([^"]+)"', re.MULTILINE)
_SAID = re.compile(r'version "([^"]+)"')
# By the first version of Spark that this is true of.
_FITTING = (
    ((4, 3), (17, 21, 25)),
    ((4, 0), (17, 21)),
    ((3, 5), (8, 11, 17, 21)),
    ((3, 3), (8, 11, 17)),
    ((3, 0), (8, 11)),
    ((0, 0), (8,)),
)


class Java(NamedTuple):
    """A Java of this machine.

    Attributes:
        home: Its folder, as `JAVA_HOME` says it.
        version: Such as `17.0.15`.
    """

    home: Path
    version: str

    @property
    def number(self) -> int:
        """Return what people call it by: 8 for `1.8.0_392`, 17 for `17.0.15`."""
        parts = [int(part) for part in re.findall(r"\d+", self.version)]
        return parts[1] if parts[0] == 1 and len(parts) > 1 else parts[0]


def javas(environ: Mapping[str, str]) -> list[Java]:
    """Return the Javas that there are, those first that an environment names."""
    found: dict[Path, Java] = {}
    for home in _homes(environ):
        real = home.resolve()
        version = None if real in found else _version(real)
        if version:
            found[real] = Java(real, version)
    return list(found.values())


def fitting(spark: str) -> tuple[int, ...]:
    """Return the numbers of the Javas that a version of Spark runs on, such as `3.5.1`."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", spark)[:2])
    return next(fits for since, fits in _FITTING if numbers >= since)


def _homes(environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get(HOME)
    if named:
        yield Path(named)
    first = shutil.which("java", path=environ.get("PATH", os.defpath))
    if first is not None:
        yield from _above(Path(first).resolve())
    for place in _PLACES:
        base, _, pattern = place.partition("*")
        yield from sorted(Path(base).glob(f"*{pattern}"), reverse=True)


def _above(program: Path) -> list[Path]:
    """Return the folder of a Java by its program, which Java 8 has one folder deeper, too."""
    home = program.parent.parent
    return [home.parent, home] if home.name == "jre" else [home]


def _version(home: Path) -> str | None:
    """Return the version of the Java in a folder, if there is one that can be started."""
    program = home / "bin" / "java"
    if not os.access(program, os.X_OK):
        return None
    with contextlib.suppress(OSError):
        said = _RELEASE.search((home / "release").read_text("utf-8", "replace"))
        if said is not None:
            return said[1]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        # Its exit code is not asked for: the runner fetches all children that end.
        done = subprocess.run(  # noqa: S603 (the Java that was found)
            [str(program), "-version"],
            capture_output=True,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS_TO_ANSWER,
        )
        said = _SAID.search(done.stderr)
        return said[1] if said is not None else None
    return None
