"""Which things a caller sees and may change, beyond the permission that its route asked for.

A caller that is bound to a workspace sees that one alone. The token of a run writes that run and
the runs below it. Whatever is out of reach answers exactly as if it did not exist.
"""

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.errors import ForbiddenError, NotFoundError, missing
from zaffre.domain.runs import Run
from zaffre.domain.workspaces import Workspace
from zaffre.ports.stores import Stores


def seen_workspace(stores: Stores, workspace_id: str, *, caller: Principal) -> Workspace:
    """Return the workspace.

    Raises:
        NotFoundError: `WorkspaceNotFound`, also for a workspace that the caller cannot see.
    """
    if not _sees(caller, workspace_id):
        raise missing("workspace", workspace_id)
    return stores.workspaces.get(workspace_id)


def seen_run(stores: Stores, workspace_id: str, run_id: str, *, caller: Principal) -> Run:
    """Return the run.

    Raises:
        NotFoundError: `RunNotFound`, also for a run that the caller cannot see.
    """
    if not _sees(caller, workspace_id):
        raise missing("run", run_id)
    run = stores.runs.get(workspace_id, run_id)
    if run.is_leaving:
        raise missing("run", run_id)
    return run


def writable_run(stores: Stores, workspace_id: str, run_id: str, *, caller: Principal) -> Run:
    """Return the run if the caller may change it.

    Raises:
        NotFoundError: `RunNotFound`, also for a run that the caller may not change.
        ConflictError: `StaleAttempt`, when the caller is a runner that was replaced.
    """
    run = seen_run(stores, workspace_id, run_id, caller=caller)
    if caller.run_id is None:
        return run
    own = _own_run(stores, run, caller.run_id)
    if own is None:
        raise missing("run", run_id)
    if own.attempt != caller.attempt:
        own.check_attempt(caller.attempt)
    return run


def check_maker(caller: Principal, maker: str, noun: str, thing_id: str) -> None:
    """Refuse that a run changes what it did not make.

    Args:
        caller: Who is about to change it.
        maker: The name of the caller who made it.
        noun: What it is, such as `trace`.
        thing_id: Which one it is.

    Raises:
        ForbiddenError: `Forbidden`, for the token of a run.
    """
    if caller.run_id is not None and maker != caller.name:
        raise ForbiddenError(
            "Forbidden",
            f"{caller.name} did not make the {noun} {shown(thing_id)} and may not change it.",
            target=noun,
            hint="Change it outside of a run.",
        )


def _sees(caller: Principal, workspace_id: str) -> bool:
    return caller.workspace_id in {None, workspace_id}


def _own_run(stores: Stores, run: Run, own_id: str) -> Run | None:
    """Return the run `own_id` if `run` is that run or below it."""
    while run.id != own_id:
        if run.parent_id is None:
            return None
        try:
            run = stores.runs.get(run.workspace_id, run.parent_id)
        except NotFoundError:
            return None
    return run
