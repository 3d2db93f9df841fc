"""`zaffre down`: end the runs, the server, and whatever they have left."""

import time
from collections.abc import Iterable

import click
import psutil
from zaffre_sdk.client import Client, WorkspaceClient
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.errors import SdkError, ServiceError
from zaffre_sdk.home import Home, ServerInfo
from zaffre_sdk.wire.runs import RunOut

from zaffre.cli.activity import active_runs
from zaffre.cli.options import home_option
from zaffre.cli.processes import end_all, server_process
from zaffre.domain.runs import TERMINAL

_CANCEL_SECONDS = 40.0
_STOP_SECONDS = 31.0
_KILL_SECONDS = 5.0


@click.command()
@home_option
def command(home: Home) -> None:
    """Cancel the runs, stop the server, and leave no process behind."""
    info = home.running()
    if info is None:
        click.echo(f"No server runs in {home.root}.")
    else:
        _end_runs(local_client(home, url=info.url))
        _stop(info)
    left = end_all(home)
    if left:
        click.echo(f"Ended {left} process{'es' if left > 1 else ''} that runs had left behind.")


def _end_runs(client: Client) -> None:
    try:
        canceled = [pair for pair in active_runs(client) if _cancel(*pair)]
        ended = _wait_for(canceled)
    except SdkError as error:
        click.echo(f"The server did not cancel its runs: {error}", err=True)
        return
    if canceled:
        click.echo(f"Canceled {len(canceled)} run{'s' if len(canceled) > 1 else ''}.")
    if ended < len(canceled):
        click.echo(f"{len(canceled) - ended} of them did not end in time.", err=True)


def _cancel(workspace: WorkspaceClient, run: RunOut) -> bool:
    try:
        workspace.runs.cancel(run.id)
    except ServiceError as error:
        # It ended while we were asking: that is what we want.
        click.echo(f"The run {run.id} was not canceled: {error.message}", err=True)
        return False
    return True


def _wait_for(runs: Iterable[tuple[WorkspaceClient, RunOut]]) -> int:
    """Return how many of the runs ended in time."""
    deadline = time.monotonic() + _CANCEL_SECONDS
    return sum(_has_ended(workspace, run, deadline) for workspace, run in runs)


def _has_ended(workspace: WorkspaceClient, run: RunOut, deadline: float) -> bool:
    state = workspace.runs.get(run.id).state
    while state not in TERMINAL:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        state = workspace.runs.wait(run.id, state=state, seconds=min(left, 10.0)).state
    return True


def _stop(info: ServerInfo) -> None:
    process = server_process(info)
    if process is None:
        click.echo("The server had ended already.")
        return
    try:
        process.terminate()
        if _has_gone(process, _STOP_SECONDS):
            click.echo(f"Stopped the server at {info.url}.")
            return
        process.kill()
    except psutil.NoSuchProcess:
        click.echo(f"Stopped the server at {info.url}.")
        return
    if not _has_gone(process, _KILL_SECONDS):
        raise click.ClickException(f"The server (process {info.pid}) cannot be ended.")
    click.echo(f"The server at {info.url} did not stop by itself and was killed.")


def _has_gone(process: psutil.Process, seconds: float) -> bool:
    """Wait until a process has ended, or is a zombie that nobody has fetched."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            process.wait(timeout=0.1)
        except psutil.TimeoutExpired:
            continue
        except psutil.NoSuchProcess:
            return True
        return True
    return False
