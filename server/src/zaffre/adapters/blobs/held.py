"""Small bytes in memory that are to be files: whoever sent them does not wait for that."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from zaffre.adapters.disk import make_folder, room


class Held:
    """Bytes by their digests, until they are files.

    Only the event loop adds and lets go; any thread may look.
    """

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self.size = 0

    def __contains__(self, digest: str) -> bool:
        """Tell whether these bytes are held."""
        return digest in self._held

    def get(self, digest: str) -> bytes | None:
        """Return the bytes, if they are held."""
        return self._held.get(digest)

    def all(self) -> dict[str, bytes]:
        """Return everything that is held at this moment."""
        return dict(self._held)

    def add(self, digest: str, data: bytes) -> None:
        """Hold bytes that are not held yet."""
        self._held[digest] = data
        self.size += len(data)

    def let_go(self, digests: Iterable[str]) -> None:
        """Forget bytes that are files now."""
        for digest in digests:
            self.size -= len(self._held.pop(digest))


class HeldWriter:
    """Writes what was held to files, which are not flushed.

    Args:
        path_of: Where the file of a digest is.
        temporary: Holds what is being written, on the same file system.
        heal: Replaces a file whose bytes are not the ones that its name says.
    """

    def __init__(
        self,
        path_of: Callable[[str], Path],
        temporary: Path,
        heal: Callable[[bytes], None],
    ) -> None:
        self._path_of = path_of
        self._temporary = temporary
        self._heal = heal
        # The thread of a caller that was cancelled may still be at it when the next one comes.
        self._lock = threading.Lock()

    def write(self, batch: Mapping[str, bytes]) -> None:
        """Give all of them files; one that is there counts as touched.

        Raises:
            StorageFullError: `StorageFull`; some of them may have files by then.
        """
        with self._lock, room():
            for digest, data in batch.items():
                path = self._path_of(digest)
                try:
                    is_whole = path.read_bytes() == data
                except FileNotFoundError:
                    self._create(path, data)
                    continue
                if is_whole:
                    os.utime(path)
                else:
                    self._heal(data)

    def _create(self, path: Path, data: bytes) -> None:
        # One writer at a time, so that the name is its own.
        temporary = self._temporary / f"blob-{path.name}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
            make_folder(path.parent)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
