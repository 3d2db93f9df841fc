"""The files of datastores."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from zaffre.domain.data_files import DataFile
from zaffre.domain.data_packs import SmallFile, WantedFile
from zaffre.domain.datastores import Datastore


class DataFiles(Protocol):
    """The files of one datastore.

    Contract: a file is seen whole or not at all; one that is being written, or whose writing was
    broken off, is neither listed nor read. Memory use is constant in the size of a file and in
    the number of files. Paths were not checked before: `InvalidPath` is raised here. What the
    storage refuses is `ForbiddenError` `DatastoreRefused`, what cannot be reached is
    `UnavailableError` `DatastoreUnreachable`; neither repeats anything of the credential.
    """

    def list(
        self, *, prefix: str = "", pattern: str | None = None, after: str | None = None
    ) -> AsyncIterator[DataFile]:
        """Yield files in order of their paths, those behind the path `after`.

        Args:
            prefix: Paths begin with it, whether it ends with a slash or not.
            pattern: As `domain.data_files.check_pattern` takes it.
            after: A path that was yielded.
        """

    async def stat(self, path: str) -> DataFile:
        """Return a file; raises `NotFoundError` `DataFileNotFound`."""

    def read(
        self, path: str, *, start: int = 0, length: int | None = None, mark: str = ""
    ) -> AsyncIterator[bytes]:
        """Stream a file, or a part of it.

        Raises:
            NotFoundError: `DataFileNotFound`, before the first chunk.
            PreconditionError: `DataFileChanged`, before the first chunk, when a mark is given and
                the file has another one by now.
        """

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, overwrite: bool) -> DataFile:
        """Write a file, which is seen once it is whole and durable.

        Raises:
            ConflictError: `DataFileExists`, unless it may be overwritten; `DataPathTaken`, when
                something that is no file is in the way.
            StorageFullError: `StorageFull`.
        """

    async def write_pack(self, files: Sequence[SmallFile], *, overwrite: bool) -> Sequence[bool]:
        """Write files that are held at once; tell of each whether it was written.

        They are durable when this returns. One that was there stays as it is unless it may be
        overwritten. When it fails, some may have been written, each of them whole.

        Raises:
            InvalidError: `InvalidPath`; nothing was written then.
        """

    async def read_pack(self, files: Sequence[WantedFile]) -> Sequence[bytes]:
        """Return the bytes of files that are held at once.

        Raises:
            NotFoundError: `DataFileNotFound`.
            PreconditionError: `DataFileChanged`, when one has another mark by now.
            TooLargeError: `PackTooLarge`.
        """

    async def remove(self, path: str) -> None:
        """Remove a file; removing one that is not there changes nothing."""

    async def digest(self, path: str) -> str:
        """Return the SHA-256 of a file, or nothing where that would mean to fetch it whole."""


class NearbyFolder(NamedTuple):
    """A folder of this machine, and a file by which others know that they see the same.

    Attributes:
        proof: The file, and what it holds.
    """

    folder: Path
    proof: Path
    proof_text: str


class DataFilesOf(Protocol):
    """Opens the files of datastores."""

    def open(self, datastore: Datastore, credential: Mapping[str, str]) -> DataFiles:
        """Return the files of a datastore; nothing is asked of the storage yet.

        Raises:
            InvalidError: `DatastoreHasNoFiles`, for tables; `DatastoreNotSpoken`, for storage
                that this server cannot talk to; `DatastoreMisconfigured`.
            PreconditionError: `DataRootUnknown`, when the server was not given its root.
        """

    async def nearby(self, datastore: Datastore) -> NearbyFolder | None:
        """Return where the files lie on this machine's disk, made if need be; None elsewhere."""

    async def remove_workspace(self, workspace_id: str) -> None:
        """Remove the files of the datastores that came with a workspace; raises `OSError`."""
