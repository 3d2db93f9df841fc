"""`zaffre import`: bring what was tracked elsewhere."""

import sys

import click
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home
from zaffre_sdk.wire.workspaces import WorkspaceOut

from zaffre.cli.options import home_option
from zaffre.cli.runs import connected, named_workspace, workspace_option
from zaffre.importing.errors import ImportingError
from zaffre.importing.importer import Importer, Wanted, count
from zaffre.importing.opening import open_source
from zaffre.importing.report import Report
from zaffre.importing.sources.source import Source
from zaffre.importing.target import Target


@click.group()
def command() -> None:
    """Bring what was tracked elsewhere."""


@command.command("mlflow")
@click.option(
    "--from",
    "place",
    required=True,
    metavar="STORE",
    help="`./mlruns`, `sqlite:///mlflow.db`, `postgresql://…` or `http://…`.",
)
@home_option
@workspace_option
@click.option(
    "-e", "--experiment", "experiments", multiple=True, help="Only that one; may be repeated."
)
@click.option("--dry-run", is_flag=True, help="Only count what there is.")
@click.option("--no-artifacts", is_flag=True, help="Leave files where they are.")
def import_mlflow(
    place: str, home: Home, named: str | None, *, experiments: tuple[str, ...], **asked: bool
) -> None:
    """Bring everything of an MLflow store into a workspace.

    Runs keep their ids, models the numbers of their versions. What is in the workspace already
    stays as it is, so that the command may be given again: it goes on where it was interrupted,
    and brings what is new. The store is only read.

    A server is asked with MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
    MLFLOW_TRACKING_PASSWORD. Ends with 1 when something could not be brought.
    """
    report = Report(lambda line: click.echo(line, err=True))
    wanted = Wanted(experiments=experiments, files=not asked["no_artifacts"])
    try:
        source = open_source(place, report)
        try:
            if asked["dry_run"]:
                count(source, wanted, report)
            else:
                _bring(source, report, wanted, home=home, named=named)
        finally:
            source.close()
    except (ImportingError, SdkError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for line in report.summary(verb="Counted" if asked["dry_run"] else "Imported"):
        click.echo(line)
    sys.exit(1 if report.problems else 0)


def _bring(
    source: Source, report: Report, wanted: Wanted, *, home: Home, named: str | None
) -> None:
    client = connected(home)
    workspace: WorkspaceOut = named_workspace(client, named)
    Importer(source, Target(client, workspace), report, wanted=wanted).bring()
