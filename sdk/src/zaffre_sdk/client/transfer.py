"""Files on their way: streamed in constant memory, checked by their digest."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar, Union

from zaffre_sdk.client.paths import quoted_path
from zaffre_sdk.client.transport import Answer, Request, Transport
from zaffre_sdk.errors import ChangedWhileReadingError, TransferError
from zaffre_sdk.files.paths import inside
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.files import FileEntry

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

T = TypeVar("T")
Source = Union[Path, bytes, IO[bytes]]

DIGEST_HEADER = "x-zaffre-digest"
_CHUNK_BYTES = 1024 * 1024


class Upload:
    """A body that is read as it is sent, from the beginning on every try.

    Attributes:
        size: Bytes, fixed when the upload was made.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start = 0
        if isinstance(source, Path):
            self.size = source.stat().st_size
        elif isinstance(source, bytes):
            self.size = len(source)
        else:
            self._start = source.tell()
            self.size = source.seek(0, os.SEEK_END) - self._start
        self._reader: _Reader | None = None

    @property
    def digest(self) -> str:
        """The digest of what was sent last."""
        return self._reader.digest() if self._reader is not None else ""

    def rewound(self) -> _Reader:
        """Return the body at its beginning."""
        self.close()
        source = self._source
        if isinstance(source, Path):
            file: IO[bytes] = source.open("rb")
        elif isinstance(source, bytes):
            file = io.BytesIO(source)
        else:
            file = source
            file.seek(self._start)
        self._reader = _Reader(file, self.size, name=self._name())
        return self._reader

    def check(self) -> None:
        """Compare the file with what it was when its size was taken.

        Raises:
            ChangedWhileReadingError: It has grown.
        """
        if isinstance(self._source, Path) and self._source.stat().st_size != self.size:
            raise _changed(self._name())

    def close(self) -> None:
        """Close the file, unless the caller brought it open."""
        if self._reader is not None and isinstance(self._source, Path):
            self._reader.close()

    def _name(self) -> str:
        return str(self._source) if isinstance(self._source, Path) else "the source"


class _Reader:
    """Reads exactly as many bytes as were announced, and hashes them on the way."""

    def __init__(self, file: IO[bytes], size: int, *, name: str) -> None:
        self._file = file
        self._left = size
        self._name = name
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted) if wanted else b""
        if wanted and not data:
            raise _changed(self._name)
        self._left -= len(data)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        return self._hash.hexdigest()

    def close(self) -> None:
        self._file.close()


def upload(transport: Transport, path: str, source: Source, *, answer: type[T]) -> tuple[T, str]:
    """Send bytes to a path; return the answer and the digest of what was sent.

    Raises:
        ChangedWhileReadingError: The file was written to meanwhile.
    """
    body = Upload(source)
    try:
        reply = transport.exchange(Request("PUT", path, body=body))
        body.check()
    finally:
        body.close()
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


def _save(response: BaseHTTPResponse, partial: Path, digest: str | None) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    found = hashlib.sha256()
    with partial.open("wb") as file:
        for chunk in response.stream(_CHUNK_BYTES, decode_content=False):
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
