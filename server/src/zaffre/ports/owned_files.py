"""The store of files of things that are not runs; see `ports.stores` for what holds for all."""

from collections.abc import Sequence
from typing import Protocol

from zaffre.domain.artifacts import Child, FileOwner, OwnedFile


class OwnedFileStore(Protocol):
    """Files of logged models and traces; bytes that lose a name are noted as doomed."""

    def put(self, owner: FileOwner, file: OwnedFile) -> None:
        """Add it, or replace the one at its path."""

    def get(self, owner: FileOwner, path: str) -> OwnedFile:
        """Return it; raises `ArtifactNotFound`."""

    def list(self, owner: FileOwner, *, limit: int, after: str | None = None) -> list[OwnedFile]:
        """Return all, by path, those behind the path `after`."""

    def children(
        self, owner: FileOwner, *, folder: str, limit: int, after: str | None = None
    ) -> Sequence[Child]:
        """Return what lies directly in a folder, as `ArtifactStore.children` does."""

    def remove(self, owner: FileOwner, path: str | None, *, limit: int) -> int:
        """Remove the file at `path` and those below it, or all.

        Returns:
            How many went: when it is `limit`, there may be more.
        """
