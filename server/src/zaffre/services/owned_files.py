"""Use cases of the files of things that are not runs: logged models and traces."""

from collections.abc import Sequence

from zaffre.domain.access import Principal
from zaffre.domain.artifacts import Child, FileOwner, OwnedFile, OwnerKind
from zaffre.domain.paths import check_path
from zaffre.ports.stores import Stores
from zaffre.services.access import check_maker, seen_workspace
from zaffre.services.artifacts import MAX_REMOVED
from zaffre.services.context import Context


class OwnedFileService:
    """Use cases of owned files, within one transaction.

    The token of a run writes the files of what that run made.
    """

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def put(
        self, owner: FileOwner, path: str, *, caller: Principal, digest: str, size: int
    ) -> OwnedFile:
        """Keep bytes that were just stored at a path, in place of what was there."""
        self.check_writable(owner, caller=caller)
        file = OwnedFile(
            path=check_path(path),
            digest=digest,
            size=size,
            created_at=self._context.clock.now(),
        )
        self._stores.snapshots.add_blob(owner.workspace_id, digest, size)
        self._stores.owned_files.put(owner, file)
        return file

    def get(self, owner: FileOwner, path: str, *, caller: Principal) -> OwnedFile:
        """Return the file at that path; raises `ArtifactNotFound`."""
        self._maker(owner, caller)
        return self._stores.owned_files.get(owner, path)

    def children(
        self,
        owner: FileOwner,
        *,
        caller: Principal,
        limit: int,
        folder: str = "",
        after: str | None = None,
    ) -> Sequence[Child]:
        """Return what lies directly in a folder, behind the child `after`."""
        self._maker(owner, caller)
        return self._stores.owned_files.children(owner, folder=folder, limit=limit, after=after)

    def remove(self, owner: FileOwner, path: str | None, *, caller: Principal) -> int:
        """Remove the file at `path` and those below it, or all; tell how many went.

        When it is `MAX_REMOVED` there may be more.
        """
        self.check_writable(owner, caller=caller)
        gone = self._stores.owned_files.remove(owner, path, limit=MAX_REMOVED)
        if gone:
            self._stores.after_commit(lambda: self._context.wakeup.hint("removals"))
        return gone

    def check_writable(self, owner: FileOwner, *, caller: Principal) -> None:
        """Refuse a caller who may not change files of the owner.

        Raises:
            NotFoundError: `LoggedModelNotFound` or `TraceNotFound`.
            ForbiddenError: `Forbidden`, for the token of a run that did not make it.
        """
        noun = owner.kind.value.replace("_", " ")
        check_maker(caller, self._maker(owner, caller), noun, owner.id)

    def _maker(self, owner: FileOwner, caller: Principal) -> str:
        """Return who made the owner of the files."""
        seen_workspace(self._stores, owner.workspace_id, caller=caller)
        if owner.kind is OwnerKind.TRACE:
            return self._stores.traces.get(owner.workspace_id, owner.id).created_by
        return self._stores.logged_models.get(owner.workspace_id, owner.id).created_by
