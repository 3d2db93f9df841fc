"""Where built environments lie: a folder per key, a lock beside it, a marker written last."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

_MARKER = "zaffre-environment.json"
_HELD = ".held.json"
_GONE = ".gone-"
_SECONDS_BETWEEN_LOOKS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What is written into an environment when it is complete.

    Attributes:
        packages: What is installed, as `name==version`.
        notes: What was left out while building, said again to whoever finds it built.
        bytes: What its files take, counting those that it shares with others.
        seconds: How long the build took.
        conda: The conda packages, as addresses with MD5.
        variables: That come with it.
        built_at: When it was built, in seconds since 1970.
    """

    packages: tuple[str, ...]
    notes: tuple[str, ...]
    bytes: int
    seconds: float
    conda: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    built_at: float = 0.0


class Held(NamedTuple):
    """What an environment held before it was removed, to be made again as it was.

    Attributes:
        packages: As `name==version`.
        conda: As addresses with MD5.
    """

    packages: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()


class Place:
    """The place of one environment.

    A folder without its marker was left by a build that was killed: it is never used, and the
    next build removes it under the lock.
    """

    def __init__(self, root: Path, key: str) -> None:
        self.folder = root / key[:2] / key
        self._lock = root / key[:2] / f"{key}.lock"
        self._held = root / key[:2] / f"{key}{_HELD}"

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.folder / "bin" / "python"

    def find(self) -> Marker | None:
        """Return the marker when the environment is complete and its interpreter is there."""
        try:
            content = json.loads((self.folder / _MARKER).read_bytes())
        except (OSError, ValueError):
            return None
        if not os.access(self.python, os.X_OK):
            return None
        return Marker(
            packages=tuple(content["packages"]),
            notes=tuple(content["notes"]),
            bytes=content["bytes"],
            seconds=content["seconds"],
            conda=tuple(content.get("conda", ())),
            variables=dict(content.get("variables", {})),
            built_at=content.get("built_at", 0.0),
        )

    def use(self) -> Marker | None:
        """Return the marker as `find` does, and note that the environment was handed out.

        None also while somebody builds or removes it: whoever then takes the lock finds out.
        """
        if self.find() is None:
            return None
        with self.quiet() as is_quiet:
            marker = self.find() if is_quiet else None
            if marker is not None:
                os.utime(self.folder / _MARKER)
            return marker

    @contextlib.contextmanager
    def quiet(self) -> Iterator[bool]:
        """Keep others from building and removing; tell whether nobody does already.

        Raises:
            FileNotFoundError: Nothing was ever built here.
        """
        with self._lock.open("ab") as lock:
            yield _try(lock.fileno(), fcntl.LOCK_SH)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold the lock of this place unless others do; tell whether that could be had.

        Raises:
            FileNotFoundError: Nothing was ever built here.
        """
        with self._lock.open("ab") as lock:
            yield _try(lock.fileno())

    def held(self) -> Held:
        """Return what the environment held when it was last removed; nothing if it never was."""
        try:
            content = json.loads(self._held.read_bytes())
            return Held(tuple(content["packages"]), tuple(content["conda"]))
        except (OSError, ValueError, KeyError):
            return Held()

    def hold(self, held: Held) -> None:
        """Keep what the environment holds beyond its removal; only under the lock."""
        fresh = self._held.with_suffix(".new")
        with contextlib.suppress(OSError):  # on a full disk room counts more
            fresh.write_text(json.dumps(held._asdict()))
            fresh.replace(self._held)

    def clear(self) -> None:
        """Remove what a killed build left; only under the lock."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / _MARKER).unlink()
        _remove(self.folder)

    def remove(self, *, unused_since: float) -> bool:
        """Remove the environment unless it is locked or was used since then; tell whether.

        It is renamed first, so that nobody finds half of it. What it held is kept, by which it is
        made again as it was.
        """
        marker = self.find()
        if marker is None:
            return False
        with self.alone() as is_alone:
            if not is_alone:
                return False
            try:
                if (self.folder / _MARKER).stat().st_mtime > unused_since:
                    return False
                self.hold(Held(marker.packages, marker.conda))
                gone = self.folder.with_name(f"{_GONE}{self.folder.name}")
                self.folder.rename(gone)
            except FileNotFoundError:
                return False
        _remove(gone)
        return True

    def remove_abandoned(self) -> None:
        """Remove what a killed build left, unless somebody builds there now."""
        if not (self.folder / _MARKER).exists():
            with self.alone() as is_alone:
                if is_alone and not (self.folder / _MARKER).exists():
                    _remove(self.folder)

    def complete(self, marker: Marker) -> None:
        """Declare the environment complete, durably; only under the lock."""
        fresh = self.folder / f"{_MARKER}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(marker), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / _MARKER)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.asynccontextmanager
    async def locked(self, waiting: Callable[[], None]) -> AsyncIterator[int]:
        """Hold the lock of this place across processes and give its descriptor.

        Args:
            waiting: Called once when somebody else holds it.
        """
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _try(descriptor):
                waiting()
                while not _try(descriptor):  # noqa: ASYNC110 - another process has no event to wait on
                    await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            yield descriptor
        finally:
            os.close(descriptor)


def remove_leftovers(root: Path) -> None:
    """Remove what removals and builds that were cut off have left."""
    for folder in root.glob("??/*"):
        if folder.name.startswith(_GONE):
            _remove(folder)
        elif folder.is_dir():
            Place(root, folder.name).remove_abandoned()


def _remove(folder: Path) -> None:
    """Remove a folder that somebody else may be removing, too, and that may be read-only."""
    shutil.rmtree(folder, onerror=_remove_anyway)


def _remove_anyway(
    function: Callable[[str], object],
    path: str,
    failed: tuple[type[BaseException], BaseException, TracebackType],
) -> None:
    if isinstance(failed[1], FileNotFoundError):
        return
    if not isinstance(failed[1], PermissionError) or function not in {os.unlink, os.rmdir}:
        raise failed[1]
    Path(path).parent.chmod(stat.S_IRWXU)  # Such as what Go keeps of its modules.
    function(path)


def size_of(folder: Path) -> int:
    """Return the bytes of all files under `folder`, links not followed."""
    return sum(
        os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - thousands of files
        for parent, _folders, names in os.walk(folder)
        for name in names
    )


def kept_in(root: Path) -> Iterator[tuple[Place, Marker, float, float]]:
    """Yield every complete environment, with when it was built and when it was last used."""
    for path in root.glob(f"??/*/{_MARKER}"):
        place = Place(root, path.parent.name)
        marker = place.find()
        with contextlib.suppress(FileNotFoundError):  # removed while we look
            if marker is not None:
                used = path.stat().st_mtime
                yield place, marker, marker.built_at or used, used


def _try(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
