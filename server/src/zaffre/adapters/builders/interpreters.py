"""The Pythons of this machine."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_SECONDS_TO_ANSWER = 15
_QUESTION = (
    "import json, platform, sys; print(json.dumps([platform.python_implementation(), "
    "sys.version_info.releaselevel] + list(sys.version_info[:3])))"
)
_NAMES = frozenset({"python", "python3", *(f"python3.{minor}" for minor in range(6, 30))})
_USUAL_FOLDERS = ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")


class Interpreter(NamedTuple):
    """A Python that environments can be made of.

    Attributes:
        path: Where it really lies, without links.
        version: Major, minor and patch.
        stamp: Changes when the file at `path` does.
    """

    path: str
    version: tuple[int, int, int]
    stamp: str

    @property
    def minor(self) -> str:
        """The part of the version that decides what can be installed, such as `3.11`."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def full(self) -> str:
        """The version in full, such as `3.11.7`."""
        return ".".join(map(str, self.version))


class Interpreters:
    """Finds Pythons by looking where they usually lie and asking each once.

    Args:
        cache: A file that keeps the answers; one holds as long as the file it is about is
            unchanged.
        environ: The environment of the server, for `PATH`, `HOME` and the like.
    """

    def __init__(self, cache: Path, *, environ: Mapping[str, str]) -> None:
        self._cache = cache
        self._environ = environ
        self._lock = threading.Lock()
        self._answers: dict[str, list[Any] | None] | None = None

    def own(self) -> Interpreter:
        """Return the Python that the server runs on."""
        path = os.path.realpath(sys.executable)
        version = sys.version_info
        return Interpreter(
            path, (version.major, version.minor, version.micro), stamp_of(path) or ""
        )

    def found(self) -> list[Interpreter]:
        """Return every CPython of this machine that answers, the server's own first."""
        own = self.own()
        with self._lock:
            before = dict(self._known())
            answers = {path: self._ask(path, stamp) for path, stamp in self._candidates()}
            if self._answers != before:
                self._save()
        others = [answer for answer in answers.values() if answer and answer.path != own.path]
        return [own, *others]

    def _candidates(self) -> Iterator[tuple[str, str]]:
        seen = set()
        for path in self._places():
            real = os.path.realpath(path)
            if real not in seen and (stamp := stamp_of(real)):
                seen.add(real)
                yield real, stamp

    def _places(self) -> Iterator[str]:
        home = Path(self._environ.get("HOME", "/nonexistent"))
        pyenv = Path(self._environ.get("PYENV_ROOT") or home / ".pyenv")
        data = Path(self._environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        managed = Path(self._environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
        folders = [part for part in self._environ.get("PATH", "").split(os.pathsep) if part]
        for folder in dict.fromkeys([*folders, *_USUAL_FOLDERS]):
            yield from _named_python(folder)
        yield from map(str, sorted(pyenv.glob("versions/*/bin/python"), reverse=True))
        yield from map(str, sorted(managed.glob("*/bin/python3"), reverse=True))

    def _ask(self, path: str, stamp: str) -> Interpreter | None:
        known = self._known()
        key = f"{path}|{stamp}"
        if key not in known:
            known[key] = _answer(path)
        match known[key]:
            case ["CPython", "final", int(major), int(minor), int(patch)]:
                return Interpreter(path, (major, minor, patch), stamp)
        return None

    def _known(self) -> dict[str, list[Any] | None]:
        if self._answers is None:
            try:
                self._answers = dict(json.loads(self._cache.read_bytes()))
            except (OSError, ValueError, TypeError):
                self._answers = {}  # the file is a cache: without it every Python is asked again
        return self._answers

    def _save(self) -> None:
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._cache.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(self._answers))
        fresh.replace(self._cache)


def _named_python(folder: str) -> list[str]:
    try:
        names = _NAMES.intersection(os.listdir(folder))  # noqa: PTH208 - one call for all names
    except OSError:
        return []
    return [f"{folder}/{name}" for name in sorted(names)]


def stamp_of(path: str) -> str | None:
    """Return what changes when the program at `path` does, or None when there is none."""
    try:
        with Path(path).open("rb") as file:
            script = file.read(2) == b"#!"  # such as pyenv's shims, which answer for others
            status = os.fstat(file.fileno())
    except OSError:
        return None
    if script or not os.access(path, os.X_OK):
        return None
    return f"{status.st_mtime_ns}-{status.st_size}"


def _answer(path: str) -> list[Any] | None:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, and no text of a request
            [path, "-I", "-S", "-c", _QUESTION],
            capture_output=True,
            check=True,
            cwd="/",
            env={},
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS_TO_ANSWER,
        )
        answer: list[Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer
