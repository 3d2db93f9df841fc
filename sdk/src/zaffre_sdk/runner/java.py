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
UNKNOWN = "0"
_PLACES = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
_SECONDS_TO_ANSWER = 30
_MOST_READ = 1 << 16
_RELEASE = re.compile(r'^JAVA_VERSION="(\d[^"]*)"', re.MULTILINE)
_SAID = re.compile(r'version "(\d[^"]*)"')
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
        version: Such as `17.0.15`, or `UNKNOWN`.
    """

    home: Path
    version: str

    @property
    def number(self) -> int:
        """Return what people call it by: 8 for `1.8.0_392`, 17 for `17.0.15`."""
        parts = [int(part) for part in re.findall(r"\d+", self.version)]
        return parts[1] if parts[0] == 1 and len(parts) > 1 else parts[0]


def javas(environ: Mapping[str, str], *, asks: bool = True) -> list[Java]:
    """Return the Javas that there are, those first that an environment names.

    Args:
        environ: The environment.
        asks: Starts those that say their version nowhere else. Whoever looks for somebody else
            does not: what an environment names may be any program.
    """
    found: dict[Path, Java] = {}
    for home in _homes(environ):
        real = Path(os.path.realpath(home))
        if real in found or not os.access(real / "bin" / "java", os.X_OK):
            continue
        version = _written_version(real) or (_told_version(real) if asks else UNKNOWN)
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


def _written_version(home: Path) -> str:
    """Return what the file of a Java says; nothing where there is none."""
    file = home / "release"
    # A pipe would never end.
    if not file.is_file():
        return ""
    with contextlib.suppress(OSError), file.open(encoding="utf-8", errors="replace") as release:
        said = _RELEASE.search(release.read(_MOST_READ))
        return said[1] if said is not None else ""
    return ""


def _told_version(home: Path) -> str:
    """Return what a Java says of itself; nothing where it cannot be started."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        # Its exit code is not asked for: the runner fetches all children that end.
        done = subprocess.run(  # noqa: S603 (the Java that was found)
            [str(home / "bin" / "java"), "-version"],
            capture_output=True,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS_TO_ANSWER,
        )
        said = _SAID.search(done.stderr)
        return said[1] if said is not None else ""
    return ""
