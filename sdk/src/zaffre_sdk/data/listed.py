"""A file of a dataset, and the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zaffre_sdk.data.contract import THIS_MACHINE, Files
from zaffre_sdk.wire.datasets import DataPlace
from zaffre_sdk.wire.datastores import DataFile


@dataclass(frozen=True)
class ListedFile:
    """A file of a definition.

    Attributes:
        file: The file; its path is an address in full where the place is one.
        place: Which place of the definition it came from.
        relative: Where it lies in the dataset, as `to_path()` tells it, without leading slash.
        files: The way to it.
    """

    file: DataFile
    place: DataPlace
    relative: str
    files: Files

    @property
    def local_path(self) -> Path | None:
        """Where it lies on this machine; None when it must be fetched."""
        return self.files.local_path(self.file)

    @property
    def shown(self) -> str:
        """How people read where it is: `datastore/path`, or the address."""
        store = self.place.datastore
        if store is None:
            return self.file.path
        return f"{'' if store == THIS_MACHINE else store}/{self.file.path}"
