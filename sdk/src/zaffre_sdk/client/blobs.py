"""Bytes that a workspace holds, known by their digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from zaffre_sdk.client.transfer import upload
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.errors import ChangedWhileReadingError, MismatchError
from zaffre_sdk.files.entries import LocalFile
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.files import BlobOut, DigestsIn, DigestsOut

_ASKED_AT_ONCE = 10_000


class Blobs:
    """Send bytes that are not there yet."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/blobs"

    def missing(self, digests: Sequence[str]) -> list[str]:
        """Return those digests whose bytes the workspace was not sent yet, in order."""
        found: list[str] = []
        for start in range(0, len(digests), _ASKED_AT_ONCE):
            asked = DigestsIn(digests=list(digests[start : start + _ASKED_AT_ONCE]))
            path = f"{self._root}/missing"
            answer = self._transport.call("POST", path, answer=DigestsOut, body=asked)
            found.extend(answer.missing)
        return found

    def upload(self, digest: str, source: Path | bytes) -> BlobOut:
        """Send bytes whose digest is known.

        Raises:
            ChangedWhileReadingError: They no longer have this digest.
        """
        name = source if isinstance(source, Path) else digest
        changed = ChangedWhileReadingError(
            f"`{name}` changed while reading. Send it again when nothing writes to it."
        )
        try:
            stored, sent = upload(
                self._transport, f"{self._root}/{digest}", source, answer=BlobOut
            )
        except MismatchError as error:
            raise changed from error
        if sent != digest:
            raise changed
        return stored

    def send(self, files: Iterable[LocalFile]) -> int:
        """Send those files that are missing, several at once; return how many bytes went."""
        sources = {file.entry.digest: file.source for file in files}
        missing = self.missing(list(sources))
        return sum(parallel(lambda digest: self.upload(digest, sources[digest]).size, missing))
