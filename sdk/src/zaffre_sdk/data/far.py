"""The files of a datastore that the server passes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from zaffre_sdk.data.contract import Fetch, Send
from zaffre_sdk.data.drafts import draft_of
from zaffre_sdk.data.packing import packs_of, read_whole, size_of_source
from zaffre_sdk.data.progress import SILENT, Progress
from zaffre_sdk.errors import ConflictError, MismatchError, SourceError, TransferError
from zaffre_sdk.parallel import parallel
from zaffre_sdk.wire.datastores import DataFile, PackedFile

if TYPE_CHECKING:
    from zaffre_sdk.client.client import WorkspaceClient
    from zaffre_sdk.connections import Incoming

_PART_BYTES = 32 * 1024 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_one_at_a_time = threading.Lock()


class _Part(NamedTuple):
    """A part of a file, and where it is written."""

    file: DataFile
    descriptor: int
    start: int
    length: int


class FarFiles:
    """Files that go over HTTP, several at once, and large ones in several parts at once."""

    def __init__(self, client: WorkspaceClient, datastore: str) -> None:
        self._client = client
        self._datastore = datastore

    @property
    def origin(self) -> str:
        """What tells these files from all others of this machine."""
        # Without the address: a server may come back on another port with the same workspaces.
        return f"{self._client.id}/{self._datastore}"

    def list(self, pattern: str = "", *, prefix: str = "") -> Sequence[DataFile]:
        """Return files by path; see `Files.list`."""
        stores = self._client.datastores
        found = stores.files(self._datastore, prefix=prefix.lstrip("/"), pattern=pattern or None)
        return _without_folders(list(found))

    def local_path(self, file: DataFile) -> None:  # noqa: ARG002 (of `Files`)
        """Return None: a file must be fetched."""
        return

    def read(self, file: DataFile, *, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a file, or of a part of it."""
        if length == 0:
            return b""

        def whole(answer: Incoming) -> bytes:
            _check_unchanged(file, answer)
            return answer.read()

        return self._client.datastores.read(
            self._datastore, file.path, whole, start=start, length=length
        )

    def fetch(self, wanted: Sequence[Fetch], *, progress: Progress = SILENT) -> None:
        """Copy files to where they are to lie; see `Files.fetch`."""
        progress.total(len(wanted))
        few = [one for one in wanted if one.file.size <= _PART_BYTES]
        packs = packs_of(few, lambda one: one.file.size)
        parallel(lambda pack: self._fetch_pack(pack, progress), packs)
        for one in wanted:
            if one.file.size > _PART_BYTES:
                self._fetch(one, progress)

    def send(
        self, sources: Sequence[Send], *, overwrite: bool = False, progress: Progress = SILENT
    ) -> int:
        """Send local files; see `Files.send`."""
        progress.total(len(sources))
        # Whoever would be refused need not send a gigabyte first.
        there = set() if overwrite else self._there(sources)
        for sent in sources:
            if sent.path in there:
                progress.skipped(sent.path)
        packs = packs_of([sent for sent in sources if sent.path not in there], size_of_source)
        return sum(
            parallel(
                lambda pack: self._send_pack(pack, overwrite=overwrite, progress=progress), packs
            )
        )

    def _there(self, sources: Sequence[Send]) -> set[str]:
        if not sources:
            return set()
        first = min(sent.path for sent in sources)
        last = max(sent.path for sent in sources)
        # What the first and the last have in common, all between them have.
        pairs = enumerate(zip(first, last))
        same = next((n for n, (a, b) in pairs if a != b), min(len(first), len(last)))
        wanted = {sent.path for sent in sources}
        found = self._client.datastores.files(self._datastore, prefix=first[:same])
        return {file.path for file in found if file.path in wanted}

    def _send_pack(self, pack: Sequence[Send], *, overwrite: bool, progress: Progress) -> int:
        if len(pack) == 1:
            return self._send(pack[0], overwrite=overwrite, progress=progress)
        files = []
        for sent in pack:
            progress.began(os.fspath(sent.source))
            files.append(PackedFile(path=sent.path, data=read_whole(sent)))
        stores = self._client.datastores
        written = stores.write_pack(self._datastore, files, overwrite=overwrite)
        for sent, was_written in zip(pack, written):
            if was_written:
                progress.ended(os.fspath(sent.source))
            else:
                progress.skipped(sent.path)
        return sum(written)

    def _send(self, sent: Send, *, overwrite: bool, progress: Progress) -> bool:
        progress.began(os.fspath(sent.source))
        stores = self._client.datastores
        try:
            stores.upload(self._datastore, sent.path, sent.source, overwrite=overwrite)
        except ConflictError as error:
            if error.code != "DataFileExists":
                raise
            if error.tries == 1:  # Else it is what an earlier try has sent.
                progress.skipped(sent.path)
                return False
        except OSError as error:
            raise SourceError(f"`{sent.source}` cannot be read: {error.strerror}.") from error
        progress.ended(os.fspath(sent.source))
        return True

    def _fetch_pack(self, pack: Sequence[Fetch], progress: Progress) -> None:
        if len(pack) == 1:
            self._fetch(pack[0], progress)
            return
        for one in pack:
            progress.began(one.file.path)
        stores = self._client.datastores
        try:
            found = stores.read_pack(self._datastore, [one.file for one in pack])
        except MismatchError as error:
            raise TransferError(error.message) from error
        for (file, target), data in zip(pack, found):
            if len(data) != file.size:
                raise _changed(file)
            with draft_of(target) as draft:
                draft.write_bytes(data)
            progress.ended(file.path)

    def _fetch(self, one: Fetch, progress: Progress) -> None:
        file, target = one
        progress.began(file.path)
        with draft_of(target) as draft:
            descriptor = os.open(draft, _NEW, 0o666)
            try:
                parallel(self._fetch_part, _parts(file, descriptor))
            finally:
                os.close(descriptor)
        progress.ended(file.path)

    def _fetch_part(self, part: _Part) -> None:
        whole = part.length == part.file.size

        def write(answer: Incoming) -> None:
            _check_unchanged(part.file, answer)
            place = part.start
            for chunk in answer.chunks():
                place += len(chunk)
                if place > part.start + part.length:
                    break
                _write_at(part.descriptor, chunk, place - len(chunk))
            if place != part.start + part.length:
                raise _changed(part.file)

        self._client.datastores.read(
            self._datastore,
            part.file.path,
            write,
            start=part.start,
            length=None if whole else part.length,
        )


def _without_folders(files: Sequence[DataFile]) -> Sequence[DataFile]:
    """Leave out empty files that stand for the folders of others, as some tools write them."""
    empty = {file.path for file in files if not file.size}
    if not empty:
        return files
    above = {str(one) for file in files for one in PurePosixPath(file.path).parents}
    return [file for file in files if file.path not in empty or file.path not in above]


def _parts(file: DataFile, descriptor: int) -> list[_Part]:
    if file.size == 0:
        return []
    return [
        _Part(file, descriptor, start, min(_PART_BYTES, file.size - start))
        for start in range(0, file.size, _PART_BYTES)
    ]


def _check_unchanged(file: DataFile, answer: Incoming) -> None:
    mark = answer.headers.get("etag", "").strip('"')
    if mark and file.mark and mark != file.mark.strip('"'):
        raise _changed(file)


def _changed(file: DataFile) -> TransferError:
    return TransferError(
        f"`{file.path}` changed while it was fetched. List the files again when nothing writes "
        "to it."
    )


def _write_at(descriptor: int, data: bytes, place: int) -> None:
    if hasattr(os, "pwrite"):
        while data:
            written = os.pwrite(descriptor, data, place)
            data, place = data[written:], place + written
    else:
        with _one_at_a_time:
            os.lseek(descriptor, place, os.SEEK_SET)
            os.write(descriptor, data)
