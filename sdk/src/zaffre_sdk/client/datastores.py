"""The datastores of a workspace, and the files in them as the server passes them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from zaffre_sdk.client.paths import quoted, quoted_path
from zaffre_sdk.client.transfer import Source, Upload
from zaffre_sdk.client.transport import Request, Transport
from zaffre_sdk.connections import Incoming
from zaffre_sdk.errors import NotFoundError, TransferError
from zaffre_sdk.wire.datastores import (
    DataFile,
    DataFileList,
    DataFilesRemoved,
    DataPack,
    DataPackIn,
    DataPackWanted,
    DataPackWritten,
    DataRoot,
    DataRootList,
    DatastoreIn,
    DatastoreList,
    DatastoreOut,
    DefaultDatastoreIn,
    NearbyOut,
    PackedFile,
    QueryIn,
    WantedFile,
)

T = TypeVar("T")

_ARROW = "application/vnd.apache.arrow.stream"
_MSGPACK = "application/vnd.msgpack"
_PACKED = {"content-type": _MSGPACK, "accept": _MSGPACK}


class Datastores:
    """Register, find and remove datastores; list, send and fetch their files.

    `zaffre_sdk.data.access.files_of` is the better way to files: it goes to the disk where that
    is possible, and several files at once where it is not.
    """

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._workspace = root
        self._root = f"{root}/datastores"

    def list(self) -> Sequence[DatastoreOut]:
        """Return the datastores by name, without their secrets."""
        return self._transport.call("GET", self._root, answer=DatastoreList).value

    def get(self, name: str) -> DatastoreOut:
        """Return a datastore.

        Raises:
            NotFoundError: There is none of that name; the message lists those there are.
        """
        return self._transport.call("GET", self._path(name), answer=DatastoreOut)

    def register(self, datastore: DatastoreIn) -> DatastoreOut:
        """Register a datastore.

        Raises:
            ConflictError: The name is taken, and `overwrite` is not set.
            InvalidError: A setting is missing or not one of this kind.
        """
        return self._transport.call("POST", self._root, answer=DatastoreOut, body=datastore)

    def unregister(self, name: str) -> None:
        """Forget a datastore; its files stay where they are.

        Raises:
            ConflictError: It came with the workspace.
        """
        self._transport.delete(self._path(name))

    def default(self) -> DatastoreOut:
        """Return the default datastore.

        Raises:
            NotFoundError: The workspace has none.
        """
        for one in self.list():
            if one.is_default:
                return one
        raise NotFoundError(
            "DatastoreNotFound", "The workspace has no default datastore.", status=404
        )

    def set_default(self, name: str) -> DatastoreOut:
        """Make a datastore the default one."""
        path = f"{self._workspace}/default-datastore"
        body = DefaultDatastoreIn(name=name)
        return self._transport.call("PUT", path, answer=DatastoreOut, body=body)

    def roots(self) -> Sequence[DataRoot]:
        """Return the folders of the server's machine that local datastores may use."""
        path = f"{self._workspace}/data-roots"
        return self._transport.call("GET", path, answer=DataRootList).value

    def nearby(self, name: str) -> NearbyOut:
        """Return where the files lie on this machine, if they do."""
        return self._transport.call("GET", f"{self._path(name)}/nearby", answer=NearbyOut)

    def files(
        self, name: str, *, prefix: str = "", pattern: str | None = None
    ) -> Iterator[DataFile]:
        """Yield files in order of their paths.

        Args:
            name: The datastore.
            prefix: What their paths begin with.
            pattern: What they meet: a path, a folder, or `*` and `**` as in a `DataPlace`.
        """
        query = {"prefix": prefix or None, "pattern": pattern, "limit": 10_000}
        path = f"{self._path(name)}/files"
        for page in self._transport.pages(path, answer=DataFileList, query=query, packed=True):
            yield from page.value

    def upload(self, name: str, path: str, source: Source, *, overwrite: bool = False) -> DataFile:
        """Send one file, in constant memory; it appears whole or not at all.

        Raises:
            ChangedWhileReadingError: The source was written to meanwhile.
            ConflictError: `DataFileExists`: the file is there, and `overwrite` is not set.
            TransferError: The server has another number of bytes than were sent.
        """
        body = Upload(source)
        query = {"overwrite": "true" if overwrite else "false"}
        reply = self._transport.exchange(
            Request("PUT", self._file(name, path), query=query, body=body)
        )
        body.check()
        stored = self._transport.read(reply, DataFile)
        if stored.size != body.size:
            raise TransferError(f"`{path}` arrived with {stored.size} bytes of {body.size}.")
        return stored

    def read(
        self,
        name: str,
        path: str,
        use: Callable[[Incoming], T],
        *,
        start: int = 0,
        length: int | None = None,
    ) -> T:
        """Hand the bytes of a file, or of a part of it, to `use`, again if the way breaks."""
        headers = {} if start == 0 and length is None else {"range": _range(start, length)}
        return self._transport.stream(Request("GET", self._file(name, path), headers=headers), use)

    def write_pack(
        self, name: str, files: Sequence[PackedFile], *, overwrite: bool = False
    ) -> Sequence[bool]:
        """Send small files together; tell of each whether it was written, or was there.

        They are durable when this returns.
        """
        body = _Body(msgspec.msgpack.encode(DataPackIn(files=list(files))))
        query = {"overwrite": "true" if overwrite else "false"}
        reply = self._transport.exchange(
            Request("POST", f"{self._path(name)}/packs", query=query, headers=_PACKED, body=body)
        )
        written = self._transport.read(reply, DataPackWritten).value
        # What is there after a try whose answer was lost is what that try has written.
        return written if body.tries == 1 else [True] * len(written)

    def read_pack(self, name: str, files: Sequence[DataFile]) -> Sequence[bytes]:
        """Return the bytes of small files that were listed.

        Raises:
            MismatchError: `DataFileChanged`: one is another file by now.
        """
        wanted = [WantedFile(path=file.path, mark=file.mark) for file in files]
        path = f"{self._path(name)}/packs/read"
        body = DataPackWanted(files=wanted)
        found = self._transport.call("POST", path, answer=DataPack, body=body, packed=True)
        return found.value

    def remove(self, name: str, prefix: str) -> int:
        """Delete the file of that path, or all below that folder; return how many there were."""
        reply = self._transport.exchange(
            Request("DELETE", f"{self._path(name)}/files", query={"prefix": prefix})
        )
        return self._transport.read(reply, DataFilesRemoved).count

    def query(self, name: str, query: QueryIn, use: Callable[[Incoming], T]) -> T:
        """Ask a SQL datastore; `use` gets the answer as a stream of Arrow record batches.

        Raises:
            InvalidError: The database refuses the query, and why.
        """
        headers = {"content-type": "application/json", "accept": _ARROW}
        return self._transport.stream(
            Request(
                "POST",
                f"{self._path(name)}/query",
                headers=headers,
                body=msgspec.json.encode(query),
                seconds=query.timeout_seconds,
            ),
            use,
        )

    def _file(self, name: str, path: str) -> str:
        return f"{self._path(name)}/files/{quoted_path(path)}"

    def _path(self, name: str) -> str:
        return f"{self._root}/{quoted(name)}"


class _Body:
    """A body that knows how often it was sent."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.tries = 0
        self._data = data

    def pieces(self) -> Iterator[bytes]:
        """Yield the body once a server is there to take it."""
        self.tries += 1
        yield self._data


def _range(start: int, length: int | None) -> str:
    return f"bytes={start}-" if length is None else f"bytes={start}-{start + length - 1}"
