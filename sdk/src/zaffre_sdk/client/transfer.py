"""Files on their way: streamed in constant memory, checked by their digest."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar, Union

from zaffre_sdk.client.paths import quoted_path
from zaffre_sdk.client.transport import Answer, Request, Transport
from zaffre_sdk.connections import Incoming
from zaffre_sdk.errors import ChangedWhileReadingError, TransferError
from zaffre_sdk.files.paths import inside
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.files import FileEntry

T = TypeVar("T")
Source = Union[Path, bytes, IO[bytes]]

DIGEST_HEADER = "x-zaffre-digest"
_CHUNK_BYTES = 256 * 1024
_STILL_NS = 3_000_000_000
"""The times of files are coarse: on some systems by two seconds."""


class Upload:
    """A body that is read as it is sent, from the beginning on every try.

    Attributes:
        size: Bytes, fixed when the upload was made.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start = 0
        self._marks: tuple[int, ...] = ()
        if isinstance(source, Path):
            self._marks = _marks(source)
            self.size = self._marks[0]
        elif isinstance(source, bytes):
            self.size = len(source)
        else:
            self._start = source.tell()
            self.size = source.seek(0, os.SEEK_END) - self._start
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The digest of what was sent last."""
        return self._hash.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body from its beginning, exactly as many bytes as were announced.

        What changed meanwhile is noticed before the last piece is given away: a server that lacks
        it keeps nothing.

        Raises:
            ChangedWhileReadingError: There are fewer, or the file was written to.
        """
        self._hash = hashlib.sha256()
        left = self.size
        with self._opened() as file:
            while left:
                data = file.read(min(left, _CHUNK_BYTES))
                if not data:
                    raise _changed(self._name())
                left -= len(data)
                self._hash.update(data)
                if not left:
                    self.check()
                yield data

    def check(self) -> None:
        """Compare the file with what it was when its size was taken, and with what was sent.

        The clock of a file system stands still for a while: a file that was written to just
        before is read once more.

        Raises:
            ChangedWhileReadingError: It was written to meanwhile.
        """
        if not isinstance(self._source, Path):
            return
        now = _marks(self._source)
        if now != self._marks:
            raise _changed(self._name())
        if time.time_ns() - now[1] < _STILL_NS and _digest(self._source) != self.digest:
            raise _changed(self._name())

    def _opened(self) -> contextlib.AbstractContextManager[IO[bytes]]:
        source = self._source
        if isinstance(source, Path):
            return source.open("rb")
        if isinstance(source, bytes):
            return io.BytesIO(source)
        source.seek(self._start)
        return contextlib.nullcontext(source)  # the caller brought it open

    def _name(self) -> str:
        return str(self._source) if isinstance(self._source, Path) else "the source"


def _marks(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            found.update(data)
    return found.hexdigest()


def upload(
    transport: Transport,
    path: str,
    source: Source,
    *,
    answer: type[T],
    patience: float | None = None,
) -> tuple[T, str]:
    """Send bytes to a path; return the answer and the digest of what was sent.

    Args:
        transport: The way to the server.
        path: Where to.
        source: The bytes.
        answer: The shape of the answer.
        patience: How many seconds to try again while the server is away.

    Raises:
        ChangedWhileReadingError: The file was written to meanwhile.
    """
    body = Upload(source)
    reply = transport.exchange(Request("PUT", path, body=body, patience=patience))
    body.check()
    return transport.read(reply, answer), body.digest


def download(
    transport: Transport, path: str, target: Path, *, digest: str | None = None
) -> Answer:
    """Fetch bytes into a file that appears whole or not at all.

    Args:
        transport: The way to the server.
        path: What to fetch.
        target: The file; replaced if it is there.
        digest: What the bytes must add up to; the server's word for it by default.

    Raises:
        TransferError: The bytes are not those that the server holds.
    """
    partial = target.with_name(f".{os.urandom(8).hex()}.part")
    try:
        answer = transport.stream(
            Request("GET", path), lambda response: _save(response, partial, digest)
        )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return answer


def download_files(
    transport: Transport, root: str, files: Iterable[FileEntry], *, folder: Path
) -> None:
    """Fetch a set of files into a folder, several at once.

    Raises:
        UnsafePathError: A path would leave the folder; nothing is fetched then.
    """
    targets = [(file, inside(folder, file.path)) for file in files]
    for parent in sorted({target.parent for _, target in targets}):
        parent.mkdir(parents=True, exist_ok=True)

    def fetch(pair: tuple[FileEntry, Path]) -> None:
        file, target = pair
        download(transport, f"{root}/{quoted_path(file.path)}", target, digest=file.digest)
        if file.executable:
            target.chmod(target.stat().st_mode | 0o111)

    parallel(fetch, targets)


def _save(response: Incoming, partial: Path, digest: str | None) -> Answer:
    headers = response.headers
    found = hashlib.sha256()
    with partial.open("wb") as file:
        for chunk in response.chunks():
            found.update(chunk)
            file.write(chunk)
    expected = digest or headers.get(DIGEST_HEADER)
    if expected and found.hexdigest() != expected:
        raise TransferError(
            f"The bytes of `{headers.get('content-disposition', partial.parent.name)}` arrived "
            f"with digest {found.hexdigest()} instead of {expected}."
        )
    return Answer(response.status, headers, b"")


def _changed(name: str) -> ChangedWhileReadingError:
    return ChangedWhileReadingError(
        f"`{name}` changed while reading. Send it again when nothing writes to it."
    )
