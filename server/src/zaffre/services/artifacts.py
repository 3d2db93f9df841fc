"""Use cases of artifacts."""

from collections.abc import Sequence

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.artifacts import Artifact, Child
from zaffre.domain.errors import PreconditionError
from zaffre.domain.files import check_digest
from zaffre.domain.paths import check_path
from zaffre.domain.runs import Run
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_run, writable_run
from zaffre.services.context import Context

MAX_REMOVED = 2000
"""How many files one transaction removes."""


class ArtifactService:
    """Use cases of artifacts, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def put(
        self,
        workspace_id: str,
        run_id: str,
        path: str,
        *,
        caller: Principal,
        digest: str,
        size: int,
    ) -> Artifact:
        """Keep bytes that were just stored at a path of the run, in place of what was there.

        Raises:
            ConflictError: `RunIsTerminal`.
            InvalidError: `RunArchived`.
        """
        run = self._open_run(workspace_id, run_id, caller)
        self._stores.snapshots.add_blob(workspace_id, digest, size)
        return self._put(run, path, digest, size)

    def add(
        self,
        workspace_id: str,
        run_id: str,
        path: str,
        *,
        caller: Principal,
        digest: str,
        size: int,
    ) -> Artifact:
        """Do as `put`, also when the run has ended: an evaluation may come later.

        Raises:
            InvalidError: `RunArchived`.
        """
        run = self.check_addable(workspace_id, run_id, caller=caller)
        self._stores.snapshots.add_blob(workspace_id, digest, size)
        return self._put(run, path, digest, size)

    def check_addable(self, workspace_id: str, run_id: str, *, caller: Principal) -> Run:
        """Return the run if the caller may `add` to it; raises `RunArchived`."""
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        run.check_listed()
        return run

    def link(
        self, workspace_id: str, run_id: str, path: str, *, caller: Principal, digest: str
    ) -> Artifact:
        """Put bytes that the workspace was sent before at a path of the run.

        Raises:
            ConflictError: `RunIsTerminal`.
            InvalidError: `RunArchived`.
            PreconditionError: `BlobMissing`.
        """
        run = self._open_run(workspace_id, run_id, caller)
        known = self._stores.snapshots.known_blobs(workspace_id, [check_digest(digest)])
        if digest not in known:
            raise PreconditionError(
                "BlobMissing",
                f"The bytes {shown(digest)} were not sent to the workspace.",
                target="digest",
                hint="Send them first, then name them.",
            )
        return self._put(run, path, digest, known[digest])

    def get(self, workspace_id: str, run_id: str, path: str, *, caller: Principal) -> Artifact:
        """Return the artifact at that path; raises `ArtifactNotFound`."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.artifacts.get(run.workspace_id, run.id, path)

    def list(
        self,
        workspace_id: str,
        run_id: str,
        *,
        caller: Principal,
        limit: int,
        prefix: str = "",
        after: str | None = None,
    ) -> list[Artifact]:
        """Return the artifacts by path, those behind the path `after`."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.artifacts.list(
            run.workspace_id, run.id, prefix=prefix, limit=limit, after=after
        )

    def children(
        self,
        workspace_id: str,
        run_id: str,
        *,
        caller: Principal,
        limit: int,
        folder: str = "",
        after: str | None = None,
    ) -> Sequence[Child]:
        """Return what lies directly in a folder, behind the child `after`."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.artifacts.children(
            run.workspace_id, run.id, folder=folder, limit=limit, after=after
        )

    def remove(
        self, workspace_id: str, run_id: str, path: str | None, *, caller: Principal
    ) -> int:
        """Remove the file at `path` and those below it, or all; tell how many went.

        When it is `MAX_REMOVED` there may be more.

        Raises:
            InvalidError: `RunArchived`.
        """
        run = self.check_addable(workspace_id, run_id, caller=caller)
        gone = self._stores.artifacts.remove(run.workspace_id, run.id, path, limit=MAX_REMOVED)
        if gone:
            self._stores.after_commit(lambda: self._context.wakeup.hint("removals"))
        return gone

    def _open_run(self, workspace_id: str, run_id: str, caller: Principal) -> Run:
        run = self.check_addable(workspace_id, run_id, caller=caller)
        run.check_open()
        return run

    def _put(self, run: Run, path: str, digest: str, size: int) -> Artifact:
        artifact = Artifact(
            run_id=run.id,
            path=check_path(path),
            digest=digest,
            size=size,
            created_at=self._context.clock.now(),
        )
        self._stores.artifacts.put(run.workspace_id, artifact)
        return artifact
