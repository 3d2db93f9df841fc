"""What goes on in a server: the runs that have not ended."""

from collections.abc import Iterator

from zaffre_sdk.client import Client, WorkspaceClient
from zaffre_sdk.wire.runs import RunOut

from zaffre.domain.runs import TERMINAL, RunState

ACTIVE = ",".join(sorted(frozenset(RunState) - TERMINAL))


def active_runs(client: Client) -> Iterator[tuple[WorkspaceClient, RunOut]]:
    """Yield every run that has not ended, with its workspace."""
    for found in client.workspaces.list():
        workspace = client.workspace(found.id)
        for run in workspace.runs.list(state=ACTIVE):
            yield workspace, run
