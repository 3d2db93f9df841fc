"""A blob that is being written: nobody sees it before it is whole and durable."""

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from zaffre.adapters.disk import make_folder, room, sync_folder
from zaffre.domain.errors import PreconditionError


class Draft:
    """A temporary file and the digest of what was written to it.

    Its methods run in other threads; one that was left behind by a cancelled request may still
    be running when `discard` comes, hence the lock.
    """

    def __init__(self, folder: Path) -> None:
        with room():
            descriptor, name = tempfile.mkstemp(prefix="blob-", dir=folder)
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes."""
        with self._lock, room():
            self._hash.update(data)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    def digest(self) -> str:
        """Return the digest of what was written."""
        with self._lock:
            return self._hash.hexdigest()

    def publish(self, path_of: Callable[[str], Path], expected: str | None) -> str:
        """Make everything durable, give it its name, and return its digest.

        A blob of that name is replaced: should its bytes have rotted, they are whole again.
        Bytes that are new get their name first: nobody reads them yet, and making the file
        durable then makes its name durable at the same price on most file systems.

        Raises:
            PreconditionError: `DigestMismatch`.
        """
        with self._lock, room():
            digest = self._hash.hexdigest()
            if expected not in {None, digest}:
                raise mismatch(str(expected), digest)
            path = path_of(digest)
            make_folder(path.parent)
            if path.exists():
                os.fsync(self._file.fileno())
                self._path.replace(path)
            else:
                self._name_first(path)
            self._file.close()
            sync_folder(path.parent)
            return digest

    def _name_first(self, path: Path) -> None:
        self._path.replace(path)
        try:
            os.fsync(self._file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def discard(self) -> None:
        """Remove what was not published."""
        with self._lock:
            self._file.close()
            self._path.unlink(missing_ok=True)


def mismatch(expected: str, found: str) -> PreconditionError:
    """Return the refusal of bytes that are not what their digest says."""
    return PreconditionError(
        "DigestMismatch",
        f"The bytes have the digest `{found}`, not `{expected}`.",
        target="digest",
        hint="They changed on their way, or at rest; send them again.",
    )
