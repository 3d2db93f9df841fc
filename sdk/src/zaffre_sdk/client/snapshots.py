"""Snapshots: source folders as they were when a run was submitted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zaffre_sdk.client.blobs import Blobs
from zaffre_sdk.client.transfer import download_files
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.errors import MismatchError
from zaffre_sdk.files.entries import LocalFile, local_bytes
from zaffre_sdk.wire.files import SnapshotIn, SnapshotOut

_FORGOTTEN = "BlobMissing"


class Snapshots:
    """Send and fetch snapshots."""

    def __init__(self, transport: Transport, root: str, blobs: Blobs) -> None:
        self._transport = transport
        self._root = f"{root}/snapshots"
        self._blobs = blobs
        self._last: frozenset[str] = frozenset()

    def create(self, folder: Path, *, extra: Mapping[str, bytes] | None = None) -> SnapshotOut:
        """Send what a source folder holds, less what its ignore files leave out.

        Only bytes that the workspace does not have yet are sent. A folder that does not exist, is
        empty, too large, or has a link that leaves it is refused before anything is sent.

        Args:
            folder: The source folder.
            extra: Further files by path; they win over those of the folder.

        Raises:
            SourceError: The folder cannot be sent as it is; the message says why.
        """
        from zaffre_sdk.files.sources import SourceFiles  # noqa: PLC0415 (slow to load)

        files = {file.entry.path: file for file in SourceFiles(folder).collect()}
        for path, data in (extra or {}).items():
            files[path] = local_bytes(path, data)
        return self.create_from(list(files.values()))

    def create_from(self, files: list[LocalFile]) -> SnapshotOut:
        """Send exactly these files as a snapshot.

        Programs submit one folder many times: bytes that the last snapshot had are not asked for
        again, unless the server says that it has forgotten them.
        """
        digests = frozenset(file.entry.digest for file in files)
        body = SnapshotIn(files=sorted((f.entry for f in files), key=lambda entry: entry.path))
        if digests <= self._last:
            try:
                return self._post(body)
            except MismatchError as error:
                if error.code != _FORGOTTEN:
                    raise
        self._blobs.send(files)
        created = self._post(body)
        self._last = digests
        return created

    def _post(self, body: SnapshotIn) -> SnapshotOut:
        return self._transport.call("POST", self._root, answer=SnapshotOut, body=body)

    def get(self, snapshot_id: str) -> SnapshotOut:
        """Return a snapshot with its files.

        Raises:
            NotFoundError: There is none.
        """
        return self._transport.call("GET", f"{self._root}/{snapshot_id}", answer=SnapshotOut)

    def download(self, snapshot_id: str, folder: Path) -> SnapshotOut:
        """Write a snapshot into a folder; every file's digest is checked.

        Raises:
            TransferError: The server's bytes are not those of the snapshot.
            UnsafePathError: A path would leave the folder; nothing is written then.
        """
        snapshot = self.get(snapshot_id)
        folder.mkdir(parents=True, exist_ok=True)
        root = f"{self._root}/{snapshot_id}/files"
        download_files(self._transport, root, snapshot.files, folder=folder)
        return snapshot
