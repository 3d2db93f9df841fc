"""`zaffre status`: whether a server runs, where, and how many runs it has."""

import json
import sys
import time

import click
from zaffre_sdk.client.connection import local_client
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home

from zaffre.cli.activity import active_runs
from zaffre.cli.options import home_option, output_option

NOT_RUNNING = 3


@click.command()
@home_option
@output_option
def command(home: Home, output: str) -> None:
    """Show the server of a home; exits with 3 when none runs."""
    info = home.running()
    if info is None:
        _print({"running": False, "home": str(home.root)}, output)
        sys.exit(NOT_RUNNING)
    try:
        client = local_client(home, url=info.url)
        server = client.server()
        active = sum(1 for _ in active_runs(client))
    except SdkError as error:
        raise click.ClickException(
            f"The server at {info.url} (process {info.pid}) does not answer: {error}"
        ) from error
    facts = {
        "running": True,
        "url": info.url,
        "home": str(home.root),
        "pid": info.pid,
        "version": server.version,
        "uptime_seconds": round(time.time() - server.started_at),
        "active_runs": active,
    }
    _print(facts, output)


def _print(facts: dict[str, object], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(facts))
        return
    if not facts["running"]:
        click.echo(f"No server runs in {facts['home']}; `zaffre up` starts one.")
        return
    for name, value in facts.items():
        if name != "running":
            click.echo(f"{name.replace('_', ' '):<16}{value}")
