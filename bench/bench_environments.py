"""Making an environment, against `uv pip install` of the same packages.

Both make a virtual environment with the same packages and our SDK's wheel. With the cache of uv
in place nothing is downloaded; without it each round downloads everything from the index.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from figures import alternate, ratio
from uv import find_uv_bin
from zaffre.adapters.builders.uv import UvBuilder
from zaffre.domain.environments import EnvironmentSpec

T = TypeVar("T")
PACKAGES = ("numpy", "pandas", "scikit-learn", "matplotlib")
ROUNDS = 5
DOWNLOADS = 3
LOOKS = 50
MOST = 1.3
SOON_SECONDS = 0.05


def main() -> list[str]:
    """Return the lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        rooms = (Path(folder) / str(number) for number in itertools.count())
        home = next(rooms)
        wheel = _wheel(home)
        cached = alternate(ROUNDS, "s", _subjects(rooms, home, wheel, keep_cache=True))
        fetched = alternate(DOWNLOADS, "s", _subjects(rooms, home, wheel, keep_cache=False))
        reuse = alternate(LOOKS, "s", {"reuse": _reuse(home)})["reuse"]
    shares = [ratio(each["uv"], each["ours"]) for each in (cached, fetched)]
    return [
        f"| {', '.join(PACKAGES)} | downloads cached | downloaded |",
        "|---|---|---|",
        f"| an environment of zaffre | {cached['ours']} | {fetched['ours']} |",
        f"| `uv venv` and `uv pip install` | {cached['uv']} | {fetched['uv']} |",
        f"| ours / uv | {shares[0]:.2f} | {shares[1]:.2f} |",
        "",
        f"An environment that is built is found in {reuse}.",
        "",
        f"Wanted: at most {MOST} of uv's time, found in less than {SOON_SECONDS * 1000:.0f} ms: "
        + ("yes." if max(shares) <= MOST and reuse.median < SOON_SECONDS else "no."),
    ]


def _subjects(
    rooms: Iterator[Path], home: Path, wheel: Path, *, keep_cache: bool
) -> dict[str, Callable[[], float]]:
    def environ() -> dict[str, str]:
        cache = {} if keep_cache else {"UV_CACHE_DIR": str(next(rooms))}
        return {**os.environ, **cache}

    def ours() -> float:
        builder = UvBuilder(home, environ=environ())
        spec = EnvironmentSpec(pip_packages=PACKAGES)
        built, seconds = timed(lambda: asyncio.run(builder.build(spec, lambda _line: None)))
        shutil.rmtree(Path(built.python).parent.parent)
        return seconds

    def uv() -> None:
        variables = environ()
        room = next(rooms)
        python = str(room / "bin" / "python")
        sdk = f"zaffre-sdk @ {wheel.as_uri()}"
        for command in (
            ["venv", "--quiet", "--python", sys.executable, str(room)],
            ["pip", "install", "--quiet", "--python", python, *PACKAGES, sdk],
        ):
            subprocess.run([find_uv_bin(), *command], check=True, cwd="/", env=variables)

    return {"ours": ours, "uv": lambda: timed(uv)[1]}


def _reuse(room: Path) -> Callable[[], float]:
    builder = UvBuilder(room, environ=os.environ)
    spec = EnvironmentSpec(pip_packages=("six",))

    def look() -> None:
        asyncio.run(builder.build(spec, lambda _line: None))

    look()
    return lambda: timed(look)[1]


def _wheel(room: Path) -> Path:
    asyncio.run(UvBuilder(room, environ=os.environ).build(EnvironmentSpec(), lambda _line: None))
    [wheel] = room.glob("wheels/*/*.whl")
    return wheel


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Do work, and return what came of it with the seconds that it took."""
    began = time.perf_counter()
    done = work()
    return done, time.perf_counter() - began


if __name__ == "__main__":
    print("\n".join(main()))
