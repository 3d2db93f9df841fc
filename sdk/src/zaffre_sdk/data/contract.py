"""What every way to files does, whichever way it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from zaffre_sdk.data.progress import SILENT, Progress
from zaffre_sdk.errors import UnsafePathError
from zaffre_sdk.wire.datastores import DataFile

THIS_MACHINE = "(this machine)"
"""Stands for a datastore in places on the machine of the program, outside of every datastore.

Their paths are absolute ones without the slash in front. No server is told of such places.
"""

_WEB = frozenset({"http", "https"})


class Fetch(NamedTuple):
    """A file, and where it is to lie; what is there is replaced."""

    file: DataFile
    target: Path


class Send(NamedTuple):
    """A local file, and its path below the datastore."""

    source: Path
    path: str


class Files(Protocol):
    """The files of one datastore, or of the web."""

    @property
    def origin(self) -> str:
        """What tells these files from all others of this machine; no secret."""

    def list(self, pattern: str = "", *, prefix: str = "") -> Sequence[DataFile]:
        """Return files by path.

        Args:
            pattern: A path, a folder, or `*` and `**` as in a `DataPlace`; empty means all.
            prefix: What their paths begin with.
        """

    def local_path(self, file: DataFile) -> Path | None:
        """Return where a file lies on this machine, or None when it must be fetched.

        What is found there must not be written to.
        """

    def read(self, file: DataFile, *, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a file, or of a part of it."""

    def fetch(self, wanted: Sequence[Fetch], *, progress: Progress = SILENT) -> None:
        """Copy files to where they are to lie; each appears there whole or not at all.

        Raises:
            TransferError: A file changed meanwhile.
        """

    def send(
        self, sources: Sequence[Send], *, overwrite: bool = False, progress: Progress = SILENT
    ) -> int:
        """Send local files; return how many were sent.

        Without `overwrite` files that are there stay as they are, and are not counted.
        """


def check_address(address: str) -> str:
    """Return an address of the web.

    Raises:
        UnsafePathError: It is something else.
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise UnsafePathError(f"`{address}` is no address: {error}.") from error
    if parts.scheme not in _WEB or not parts.hostname:
        raise UnsafePathError(f"`{address}` is no http:// or https:// address.")
    return address
