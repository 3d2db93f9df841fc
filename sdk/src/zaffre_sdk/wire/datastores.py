"""Datastores and their files on the wire."""

from typing import Optional

import msgspec

from zaffre_sdk.wire.shapes import In, Out

QUERY_ERROR = "zaffre-error"
"""Under this key the last batch of an answer that failed in the middle has an `ErrorBody`."""


class DatastoreIn(In):
    """Register a datastore; without `overwrite` the name must be free.

    Attributes:
        kind: `azure_blob`, `azure_file`, `azure_data_lake_gen2`, `s3`, `gcs`, `local`, `hdfs`,
            `dbfs`, `azure_sql_database`, `azure_postgresql` or `azure_mysql`.
        settings: What is no secret, such as `account_name`, `container_name`, `endpoint`; which
            ones there are goes with the kind, and no other is taken.
        credential: What is secret, such as `account_key`; kept encrypted and never answered.
    """

    name: str
    kind: str
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    credential: dict[str, str] = msgspec.field(default_factory=dict)
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    overwrite: bool = False


class DatastoreOut(Out):
    """A datastore, without its secrets.

    Attributes:
        credential_kind: `none`, `account_key`, `sas`, `service_principal`, `access_key`,
            `password` or `token`.
        is_builtin: It came with the workspace and cannot be unregistered.
    """

    name: str
    kind: str
    settings: dict[str, str]
    credential_kind: str
    description: str
    tags: dict[str, str]
    is_default: bool
    is_builtin: bool
    created_by: str
    created_at: float
    updated_at: float


class DatastoreList(Out):
    """All datastores of a workspace by name."""

    value: list[DatastoreOut]


class DefaultDatastoreIn(In):
    """Make a datastore the default one."""

    name: str


class DataRoot(Out):
    """A folder of the server's machine below which local datastores may lie.

    Attributes:
        root: The name under which the server was given it.
        folder: Where it is on that machine.
    """

    root: str
    folder: str


class DataRootList(Out):
    """The folders that local datastores may use."""

    value: list[DataRoot]


class NearbyOut(Out):
    """Where a client on the server's own machine finds the files of a datastore itself.

    A client uses it only when the file `proof` is there and holds `proof_text`: else it is on
    another machine, or may not read the folder, and asks the server for every file.

    Attributes:
        folder: None when the files do not lie on the server's machine, or the caller is remote.
    """

    folder: Optional[str] = None
    proof: str = ""
    proof_text: str = ""


class DataFile(Out):
    """One file of a datastore.

    Attributes:
        path: Below the datastore, with forward slashes.
        mark: Changes whenever the content does: an ETag, or size and time of change.
    """

    path: str
    size: int
    modified_at: float
    mark: str


class DataFileList(Out):
    """A page of files in order of their paths; `next` continues it, None ends it."""

    value: list[DataFile]
    next: Optional[str] = None


class PackedFile(In):
    """A small file that is sent together with others."""

    path: str
    data: bytes


class DataPackIn(In):
    """Small files that are to be written: up to 128, with 8 MiB all in all."""

    files: list[PackedFile]


class DataPackWritten(Out):
    """Of each file whether it was written; one that was not was there before."""

    value: list[bool]


class WantedFile(In):
    """A file that is to be read.

    Attributes:
        mark: The one that it had when it was listed; without, it is read as it is.
    """

    path: str
    mark: str = ""


class DataPackWanted(In):
    """Small files that are to be read: up to 128, with 8 MiB all in all."""

    files: list[WantedFile]


class DataPack(Out):
    """The bytes of files, in the order in which they were asked for."""

    value: list[bytes]


class DataFilesRemoved(Out):
    """How many files were removed."""

    count: int


class QueryIn(In):
    """Ask a SQL datastore; the answer is a stream of Arrow record batches.

    Attributes:
        timeout_seconds: The database gives up after so long; at most 3600.
    """

    query: str
    timeout_seconds: int = 60
    limit: Optional[int] = None
