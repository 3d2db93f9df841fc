"""Use cases of snapshots, and of the blobs that a workspace may name."""

from collections.abc import Iterable, Sequence
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import InvalidError, PreconditionError, TooLargeError
from zaffre.domain.files import FileEntry, check_digest, check_files, find_file
from zaffre.domain.snapshots import Snapshot, snapshot_id
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_workspace
from zaffre.services.context import Context

MAX_DIGESTS: Final = 10_000
MAX_FILES: Final = 100_000
_SHOWN_BLOBS: Final = 5


class SnapshotService:
    """Use cases of snapshots, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def missing(
        self, workspace_id: str, digests: Sequence[str], *, caller: Principal
    ) -> list[str]:
        """Return those digests whose bytes the workspace was not sent, in the same order.

        Raises:
            InvalidError: `TooManyDigests` or `InvalidDigest`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        if len(digests) > MAX_DIGESTS:
            raise InvalidError(
                "TooManyDigests",
                f"There are {len(digests)} digests.",
                target="digests",
                hint=f"Ask for at most {MAX_DIGESTS} at once.",
            )
        asked = dict.fromkeys(check_digest(digest, target="digests") for digest in digests)
        known = self._stores.snapshots.known_blobs(workspace_id, asked)
        return [digest for digest in asked if digest not in known]

    def note_blob(self, workspace_id: str, digest: str, size: int, *, caller: Principal) -> None:
        """Let the workspace name these bytes, which it has sent."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        self._stores.snapshots.add_blob(workspace_id, digest, size)

    def create(
        self, workspace_id: str, files: Sequence[FileEntry], *, caller: Principal
    ) -> Snapshot:
        """Keep a source folder; equal folders are one snapshot.

        Raises:
            InvalidError: `SnapshotEmpty`, and what `check_files` refuses.
            TooLargeError: `SnapshotTooLarge`.
            PreconditionError: `BlobMissing` or `SizeMismatch`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        if not files:
            raise InvalidError(
                "SnapshotEmpty",
                "The source folder has no files.",
                target="files",
                hint="Check the folder, and what its ignore file leaves out.",
            )
        if len(files) > MAX_FILES:
            raise TooLargeError(
                "SnapshotTooLarge",
                f"The source folder has {len(files)} files; at most {MAX_FILES} are kept.",
                target="files",
                hint="Leave files out with an `.amlignore` file.",
            )
        checked = check_files(files)
        check_sent(self._stores, workspace_id, checked)
        snapshot = Snapshot(
            id=snapshot_id(checked),
            workspace_id=workspace_id,
            files=checked,
            created_at=self._context.clock.now(),
        )
        self._stores.snapshots.add(snapshot)
        return self._stores.snapshots.get(workspace_id, snapshot.id)

    def get(self, workspace_id: str, snapshot: str, *, caller: Principal) -> Snapshot:
        """Return the snapshot of that id."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.snapshots.get(workspace_id, snapshot)

    def get_file(
        self, workspace_id: str, snapshot: str, path: str, *, caller: Principal
    ) -> FileEntry:
        """Return one file of a snapshot; raises `FileNotFound`."""
        return find_file(self.get(workspace_id, snapshot, caller=caller).files, path)


def check_sent(stores: Stores, workspace_id: str, files: Iterable[FileEntry]) -> None:
    """Refuse files whose bytes the workspace was not sent.

    Raises:
        PreconditionError: `BlobMissing`, naming files, or `SizeMismatch`.
    """
    sizes = {file.digest: file for file in files}
    known = stores.snapshots.known_blobs(workspace_id, sizes)
    absent = [file for digest, file in sizes.items() if digest not in known]
    if absent:
        named = ", ".join(f"{shown(file.path)} {file.digest}" for file in absent[:_SHOWN_BLOBS])
        raise PreconditionError(
            "BlobMissing",
            f"The bytes of {len(absent)} files were not sent: {named}.",
            target="files",
            hint="Send them first, then name them.",
        )
    for file in files:
        if file.size != known[file.digest]:
            raise PreconditionError(
                "SizeMismatch",
                f"{shown(file.path)} has {known[file.digest]} bytes, not {file.size}.",
                target="files",
            )
