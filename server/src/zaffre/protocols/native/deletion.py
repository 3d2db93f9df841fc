"""Deletion for good over HTTP: runs, and experiments with all their runs."""

from typing import Annotated, Final

from litestar import delete
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.deletions import DeletionOut

from zaffre.domain.access import Permission
from zaffre.domain.removals import Removed
from zaffre.protocols.http.call import Call
from zaffre.services.deletion import Target

Children = Annotated[bool, QueryParameter(description="Delete the runs below it, too")]
DryRun = Annotated[bool, QueryParameter(description="Only say what would be deleted")]


@delete(
    "/workspaces/{workspace:str}/runs/{run:str}",
    permission=Permission.RUNS_WRITE,
    status_code=200,
)
async def delete_run(
    call: Call, workspace: str, run: str, *, children: Children = False, dry_run: DryRun = False
) -> DeletionOut:
    """Delete a run that has ended with everything it logged; this cannot be undone."""
    target = await call.read(
        lambda s: s.deletion.run(workspace, run, caller=call.caller, children=children)
    )
    return await _deleted(call, workspace, target, dry_run=dry_run)


@delete(
    "/workspaces/{workspace:str}/experiments/{name:str}",
    permission=Permission.EXPERIMENTS_WRITE,
    status_code=200,
)
async def delete_experiment(
    call: Call, workspace: str, name: str, *, dry_run: DryRun = False
) -> DeletionOut:
    """Delete an experiment, given by name or id, with all its runs; this cannot be undone."""
    target = await call.read(lambda s: s.deletion.experiment(workspace, name, caller=call.caller))
    return await _deleted(call, workspace, target, dry_run=dry_run)


async def _deleted(call: Call, workspace: str, target: Target, *, dry_run: bool) -> DeletionOut:
    if dry_run:
        return from_removed(await call.read(lambda s: s.deletion.foresee(workspace, target)))
    return from_removed(await call.house.eraser.erase(target))


def from_removed(removed: Removed) -> DeletionOut:
    """Return how much was removed, as the wire says it."""
    return DeletionOut(
        runs=removed.runs,
        artifacts=removed.artifacts,
        metrics=removed.metrics,
        bytes_freed=removed.bytes_freed,
        bytes_pending=removed.bytes_pending,
    )


ROUTES: Final[list[ControllerRouterHandler]] = [delete_run, delete_experiment]
