"""`zaffre datastores`: list them, and show one."""

import json
from typing import Any

import click
from msgspec import to_builtins
from zaffre_sdk.client import WorkspaceClient
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home
from zaffre_sdk.wire.datastores import DatastoreOut

from zaffre.cli.options import home_option, output_option
from zaffre.cli.runs import connected, named_workspace, workspace_option


@click.group()
def command() -> None:
    """List datastores, and show one."""


@command.command("list")
@home_option
@workspace_option
@output_option
def list_datastores(home: Home, named: str | None, *, output: str) -> None:
    """List datastores by name; a star marks the default one."""
    try:
        found = _workspace(home, named).datastores.list()
    except SdkError as error:
        raise click.ClickException(str(error)) from error
    if output == "json":
        click.echo(json.dumps([to_builtins(one) for one in found]))
        return
    for one in found:
        click.echo(f"{'*' if one.is_default else ' '} {one.name:<40} {one.kind}")


@command.command("show")
@click.argument("name")
@home_option
@workspace_option
@output_option
def show_datastore(name: str, home: Home, named: str | None, *, output: str) -> None:
    """Show a datastore, without its secrets."""
    try:
        workspace = _workspace(home, named)
        found = workspace.datastores.get(name)
        folder = workspace.datastores.nearby(name).folder
    except SdkError as error:
        raise click.ClickException(str(error)) from error
    facts = _facts(found) | ({"folder": folder} if folder else {})
    if output == "json":
        click.echo(json.dumps(facts))
        return
    for key, value in facts.items():
        click.echo(f"{key:<24}{value}")


def _facts(found: DatastoreOut) -> dict[str, Any]:
    facts: dict[str, Any] = to_builtins(found)
    return {key: value for key, value in facts.items() if value not in ("", {}, None)}


def _workspace(home: Home, named: str | None) -> WorkspaceClient:
    client = connected(home)
    return client.workspace(named_workspace(client, named).id)
