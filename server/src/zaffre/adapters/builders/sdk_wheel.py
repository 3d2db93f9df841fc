"""A wheel of the zaffre-sdk that this server runs with, made without an index or a build tool."""

import base64
import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from packaging.specifiers import SpecifierSet

_NAME = "zaffre-sdk"
_PACKAGES = frozenset({"azureml", "zaffre_sdk"})
_WHEEL = "Wheel-Version: 1.0\nGenerator: zaffre\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_TIME = (1980, 1, 1, 0, 0, 0)  # the same bytes give the same wheel whenever it is made


class Wheel(NamedTuple):
    """A wheel on disk.

    Attributes:
        path: The file; its folder is named after the digest.
        digest: SHA-256 over the names and contents in it.
        version: Of zaffre-sdk.
    """

    path: Path
    digest: str
    version: str


class SdkWheel:
    """Makes the wheel, anew only when a file of the SDK has changed.

    Args:
        folder: Keeps the wheels, each under its digest.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._made: tuple[tuple[object, ...], Wheel] | None = None

    def wheel(self) -> Wheel:
        """Return the wheel of the SDK as it is now."""
        installed = distribution(_NAME)
        sources = _sources(installed)
        seen = (installed.version, *((name, *_stat(path)) for name, path in sources.items()))
        with self._lock:
            if self._made is None or self._made[0] != seen or not self._made[1].path.exists():
                self._made = (seen, _make(self._folder, installed, sources))
            return self._made[1]


def supported_pythons() -> SpecifierSet:
    """Return the Pythons that zaffre-sdk says it supports."""
    return SpecifierSet(distribution(_NAME).metadata["Requires-Python"])


def _sources(installed: Distribution) -> dict[str, str]:
    """Every file of the SDK by its name in the wheel.

    Where it is installed as such, what the installer wrote down: other packages may have put
    files into the same `azureml`. In a checkout, the folders of the source.
    """
    recorded = {
        file.as_posix(): str(installed.locate_file(file))
        for file in installed.files or []
        if file.parts[0] in _PACKAGES and "__pycache__" not in file.parts
    }
    return recorded or _checked_out()


def _checked_out() -> dict[str, str]:
    spec = find_spec("zaffre_sdk")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(_NAME)
    root = str(Path(spec.origin).parent.parent)
    return {
        path[len(root) + 1 :].replace(os.sep, "/"): path
        for package in sorted(_PACKAGES)
        for path in _walk(f"{root}{os.sep}{package}")
    }


def _walk(folder: str) -> Iterator[str]:
    """Every file below, without what Python and editors leave; quick, as each build asks."""
    for entry in os.scandir(folder):
        if entry.name == "__pycache__" or entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry.path)
        else:
            yield entry.path


def _stat(path: str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - see _walk
    return status.st_mtime_ns, status.st_size


def _make(folder: Path, installed: Distribution, sources: dict[str, str]) -> Wheel:
    stem = f"{_NAME.replace('-', '_')}-{installed.version}"
    contents = {name: Path(path).read_bytes() for name, path in sources.items()}
    contents |= _dist_info(installed, f"{stem}.dist-info")
    digest = _digest(contents)
    path = folder / digest[:32] / f"{stem}-py3-none-any.whl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        _write(fresh, contents, record=f"{stem}.dist-info/RECORD")
        fresh.replace(path)
    return Wheel(path, digest, installed.version)


def _dist_info(installed: Distribution, folder: str) -> dict[str, bytes]:
    texts = {
        "METADATA": installed.read_text("METADATA"),
        "WHEEL": _WHEEL,
        "entry_points.txt": installed.read_text("entry_points.txt"),
    }
    return {f"{folder}/{name}": text.encode() for name, text in texts.items() if text}


def _digest(contents: dict[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, content in sorted(contents.items()):
        whole.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()


def _write(path: Path, contents: dict[str, bytes], *, record: str) -> None:
    lines = [f"{name},{_recorded(content)}\n" for name, content in sorted(contents.items())]
    lines.append(f"{record},,\n")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*sorted(contents.items()), (record, "".join(lines).encode())]:
            entry = zipfile.ZipInfo(name, date_time=_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def _recorded(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(content)}"
