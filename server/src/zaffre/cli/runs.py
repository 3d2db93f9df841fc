"""`zaffre runs`: list, show, cancel and delete them, send those kept without a server."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

import click
from msgspec import to_builtins
from zaffre_sdk.client import Client, WorkspaceClient, connect
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import HOME_VARIABLE, Home
from zaffre_sdk.tracking import syncing
from zaffre_sdk.tracking.leftovers import send_now
from zaffre_sdk.tracking.offline import offline_folder
from zaffre_sdk.wire.deletions import DeletionOut
from zaffre_sdk.wire.runs import RunOut
from zaffre_sdk.wire.workspaces import WorkspaceOut

from zaffre.base.text import printable
from zaffre.cli.options import home_option, output_option
from zaffre.cli.run_words import run_line, run_lines
from zaffre.cli.telling import tell

workspace_option = click.option(
    "-w",
    "--workspace",
    "named",
    help="Name or id of the workspace.  [default: the only one]",
)


@click.group()
def command() -> None:
    """List, show and cancel runs, send those kept without a server, delete them for good."""


@command.command("list")
@home_option
@workspace_option
@click.option("-e", "--experiment", help="Only runs of that experiment.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@output_option
def list_runs(
    home: Home, named: str | None, *, experiment: str | None, limit: int, output: str
) -> None:
    """List runs, newest first."""
    workspace = _workspace(connected(home), named)
    where = {} if experiment is None else {"experiment": experiment}
    found = [run for run, _ in zip(_listed(workspace, where), range(limit), strict=False)]
    if output == "json":
        keys = ("id", "experiment", "state", "display_name", "created_at", "ended_at")
        click.echo(json.dumps([{key: getattr(run, key) for key in keys} for run in found]))
        return
    for run in found:
        click.echo(printable(run_line(run)))


@command.command("show")
@click.argument("run_id", metavar="RUN")
@home_option
@workspace_option
@output_option
def show_run(run_id: str, home: Home, named: str | None, *, output: str) -> None:
    """Show a run: how far it is, where it executes, why it waits or failed."""
    runs = _workspace(connected(home), named).runs
    try:
        found = runs.get(run_id)
    except SdkError as error:
        raise click.ClickException(str(error)) from error
    if output == "json":
        click.echo(json.dumps(to_builtins(found)))
        return
    tell(run_lines(found))


@command.command("cancel")
@click.argument("run_ids", nargs=-1, required=True, metavar="RUNS...")
@home_option
@workspace_option
def cancel_runs(run_ids: tuple[str, ...], home: Home, named: str | None) -> None:
    """Ask runs to end; those that wait end at once."""
    runs = _workspace(connected(home), named).runs
    for run_id in run_ids:
        try:
            state = runs.cancel(run_id).state
        except SdkError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{run_id} is {state}.")


@command.command("sync")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@home_option
@workspace_option
@click.option("-e", "--experiment", default="offline", show_default=True, help="Where they go.")
@click.option("--remove", is_flag=True, help="Remove the folders of runs that were sent.")
def sync_runs(
    folders: tuple[Path, ...], home: Home, named: str | None, *, experiment: str, remove: bool
) -> None:
    """Send runs that were kept without a server, once, and metrics that did not get through.

    FOLDERS are those of runs, or folders that hold them; without any, the one where runs are kept
    by default.
    """
    workspace = _workspace(connected(home), named)
    try:
        sent = _sync_all(workspace, _folders(folders), experiment=experiment, clean=remove)
        click.echo(f"Sent {sent.runs} runs with {sent.metrics} metrics and {sent.files} files.")
        report = send_now(workspace)
    except (SdkError, OSError) as error:
        raise click.ClickException(
            f"{error}\nWhat was sent is not sent again: run the command again for the rest."
        ) from error
    if report.sent:
        click.echo(f"Sent {report.sent} metrics that earlier programs had left.")
    for reason in filter(None, [sent.refused, report.reason]):
        click.echo(f"Some metrics were refused: {reason}", err=True)


@command.command("delete")
@click.argument("run_ids", nargs=-1, required=True, metavar="RUNS...")
@home_option
@workspace_option
@click.option("-r", "--children", is_flag=True, help="Delete the runs below them, too.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def delete_runs(
    run_ids: tuple[str, ...], home: Home, named: str | None, *, children: bool, **asked: bool
) -> None:
    """Delete runs that have ended for good, with everything that they left."""
    runs = _workspace(connected(home), named).runs
    try:
        would = [runs.delete(one, children=children, dry_run=True) for one in run_ids]
        click.echo(f"Would delete {_told(would)}." if asked["dry_run"] else f"{_told(would)}:")
        if asked["dry_run"]:
            return
        if not asked["yes"]:
            click.confirm("Delete them for good?", abort=True)
        done = [runs.delete(one, children=children) for one in run_ids]
    except SdkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Deleted {_told(done)}.")


def _listed(workspace: WorkspaceClient, where: dict[str, str]) -> Iterable[RunOut]:
    try:
        yield from workspace.runs.list(**where)  # type: ignore[arg-type] # one of its keys
    except SdkError as error:
        raise click.ClickException(str(error)) from error


def _folders(named: tuple[Path, ...]) -> list[Path]:
    kept = offline_folder()
    if named or kept is None:
        return list(named)
    return [kept] if kept.is_dir() else []


def _sync_all(
    workspace: WorkspaceClient, folders: Iterable[Path], *, experiment: str, clean: bool
) -> syncing.Synced:
    sent = syncing.Synced()
    for folder in folders:
        for run in syncing.kept_runs(folder):
            if syncing.is_alive(run):
                click.echo(f"{run.name} is left alone: its program lives.", err=True)
                continue
            one = syncing.sync(workspace, run, experiment=experiment)
            sent += one
            # What the server refused is nowhere else.
            if clean and not one.refused:
                syncing.remove(run)
    return sent


def _told(deletions: list[DeletionOut]) -> str:
    freed = sum(one.bytes_freed for one in deletions)
    later = sum(one.bytes_pending for one in deletions)
    return (
        f"{sum(one.runs for one in deletions)} runs with "
        f"{sum(one.artifacts for one in deletions)} files and "
        f"{sum(one.metrics for one in deletions)} metric values; frees {_size(freed)}"
        + (f", and {_size(later)} within minutes" if later else "")
    )


def connected(home: Home) -> Client:
    """Return a client of the server that is meant, started if need be."""
    try:
        return connect({**os.environ, HOME_VARIABLE: str(home.root)})
    except (SdkError, TimeoutError) as error:
        raise click.ClickException(str(error)) from error


def _workspace(client: Client, named: str | None) -> WorkspaceClient:
    return client.workspace(named_workspace(client, named).id)


def named_workspace(client: Client, named: str | None) -> WorkspaceOut:
    """Return the workspace of that name or id, or the only one."""
    try:
        every = client.workspaces.list()
    except SdkError as error:
        raise click.ClickException(str(error)) from error
    fitting = [one for one in every if named in (None, one.name, one.id)]
    if len(fitting) == 1:
        return fitting[0]
    listed = "\n".join(
        f"  {one.id}  {one.subscription_id} / {one.resource_group} / {one.name}" for one in every
    )
    what = "There is no such workspace" if not fitting else "There are several workspaces"
    raise click.ClickException(f"{what}; name one with --workspace:\n{listed or '  none at all'}")


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":  # noqa: PLR2004 - the step between the units
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
