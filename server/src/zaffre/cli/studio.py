"""`zaffre studio`: a link that logs a browser in."""

import sys
import webbrowser
from urllib.parse import urlsplit

import click
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.client.starting import find_or_start
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home

from zaffre.cli.options import home_option


@click.command()
@home_option
@click.option(
    "--open/--no-open",
    "opening",
    default=sys.stdout.isatty,
    help="Open the link in a browser.  [default: when this is a terminal]",
)
@click.argument("page", default="/studio")
def command(home: Home, page: str, *, opening: bool) -> None:
    """Show a link that logs one browser in, once, within five minutes.

    PAGE is what to show, such as the address that `run.get_portal_url()` gives; the workspaces
    by default. A server is started when none runs.
    """
    try:
        path = urlsplit(page).path
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="PAGE") from error
    try:
        info = find_or_start(home)
        link = local_client(home, url=info.url).studio_link(path)
    except SdkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(link)
    if opening:
        webbrowser.open(link)
