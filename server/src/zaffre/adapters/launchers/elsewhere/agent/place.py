"""What lies where on the machine, and how it is written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import fcntl
except ImportError:  # Windows, where no agent works
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,254}")
_POLL_SECONDS = 0.1


class FailedError(Exception):
    """What was asked for cannot be done; the message says why."""


class DroppedError(Exception):
    """Nobody waits for the answer any more."""


class Place:
    """The folder of all that is kept on a machine; only its owner may enter.

    Args:
        root: Where it is; a path that is not absolute begins at the home of the user.
    """

    def __init__(self, root: str) -> None:
        self.root = Path.home() / Path(root)

    @property
    def files(self) -> Path:
        """What was sent, each file under its digest."""
        return self.root / "files"

    @property
    def environments(self) -> Path:
        """What was built."""
        return self.root / "environments"

    def server(self, server: str) -> Path:
        """Return where it is kept how runners reach a server."""
        return self.root / "servers" / named(server)

    def runs(self, server: str) -> Path:
        """Return the folder of all runs of a server."""
        return self.root / "runs" / named(server)

    def attempt(self, server: str, workspace: str, run: str, attempt: int) -> Path:
        """Return the folder of an attempt."""
        return self.runs(server) / named(workspace) / named(run) / str(int(attempt))

    def prepare(self) -> None:
        """Make the folder, unless it is there."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (self.files, self.environments):
            folder.mkdir(exist_ok=True)

    def missing(self, digests: list[str]) -> list[str]:
        """Return those of the files that were not sent yet; the others are kept for a while."""
        lacking = []
        for digest in digests:
            try:
                os.utime(self.file(digest))
            except FileNotFoundError:
                lacking.append(digest)
        return lacking

    def file(self, digest: str) -> Path:
        """Return where a file lies."""
        return self.files / named(digest)

    def take(self, digest: str, data: bytes, *, offset: int, last: bool) -> None:
        """Take a part of a file that is sent; the last one makes it a file.

        Raises:
            FailedError: What came is not what was announced.
        """
        draft = self.files / f"{named(digest)}.{os.getpid()}"
        with draft.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(data)
        if not last:
            return
        came = digest_of(draft)
        if came != digest:
            draft.unlink()
            raise FailedError(f"A file came with the digest {came} and not {digest}.")
        draft.chmod(0o700)
        draft.replace(self.file(digest))


def named(text: str) -> str:
    """Return a text that is the name of one file.

    Raises:
        FailedError: It is not.
    """
    if not _NAME.fullmatch(text):
        raise FailedError(f"{text!r} is no name of a file.")
    return text


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """Return what a file says; nothing where it is absent or half of one."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file that only its owner can read; readers see the old or the new."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(content).encode())
    draft.replace(path)


@contextlib.contextmanager
def locked(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that the kernel frees when this process dies.

    Args:
        path: The file to lock.
        waiting: Called again and again while somebody else holds it; may raise.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _taken(descriptor):
            waiting()
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Remove a folder with all in it, as far as that is allowed."""
    shutil.rmtree(folder, ignore_errors=True)


def _taken(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
