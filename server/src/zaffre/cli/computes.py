"""`zaffre compute`: where runs execute."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from msgspec import to_builtins
from zaffre_sdk.client.computes import Computes
from zaffre_sdk.client.settling import settled
from zaffre_sdk.errors import NotFoundError, SdkError, ServiceError
from zaffre_sdk.home import Home
from zaffre_sdk.wire.computes import ComputeChange, ComputeIn, ComputeLimits, ComputeOut

from zaffre.cli.compute_options import (
    KINDS,
    change_options,
    limits_of,
    scale_of,
    secrets_of,
    settings_of,
    type_of,
)
from zaffre.cli.compute_words import MOVING, has_failed, line_of, lines_of, size_line, state_of
from zaffre.cli.options import home_option, output_option
from zaffre.cli.runs import connected, named_workspace, workspace_option
from zaffre.cli.telling import tell

_TURNING = frozenset({"Starting", "Stopping", "Restarting"})
_wait_option = click.option("--no-wait", is_flag=True, help="Do not wait until it is done.")


@click.group()
def command() -> None:
    """List, create and change compute targets: where runs execute."""


@command.command("list")
@home_option
@workspace_option
@output_option
def list_computes(home: Home, named: str | None, *, output: str) -> None:
    """List compute targets by name; `local` is always there."""
    with _told():
        found = _computes(home, named).list()
    if output == "json":
        click.echo(json.dumps([to_builtins(one) for one in found]))
        return
    for one in found:
        click.echo(line_of(one))


@command.command("create")
@click.argument("name")
@home_option
@workspace_option
@click.option("--kind", type=click.Choice(KINDS), default="cluster", show_default=True)
@click.option("--type", "word", help="Azure ML's word for it.  [default: that of the kind]")
@click.option("--size", default="", help="Of a node, such as STANDARD_D2_V2.")
@click.option("--location", default="", help="Any text.")
@click.option("--low-priority", is_flag=True, help="Its nodes may be taken away for others.")
@change_options
@_wait_option
@output_option
def create_compute(name: str, home: Home, **asked: Any) -> None:  # noqa: ANN401 (options of all kinds)
    """Create or attach a compute target."""
    order = ComputeIn(
        name=name,
        kind=asked["kind"],
        type=asked["word"] or type_of(asked["kind"]),
        location=asked["location"],
        vm_size=asked["size"],
        low_priority=asked["low_priority"],
        scale=scale_of(asked),
        limits=limits_of(asked, ComputeLimits()),
        settings=settings_of(asked["settings"]),
        credential=secrets_of(asked["secrets"]),
        description=asked["description"] or "",
        tags=dict(asked["tags"]),
    )
    with _told():
        computes = _computes(home, asked["named"])
        found = _settle(computes, computes.create(order), wait=not asked["no_wait"])
    _show(found, asked["output"])


@command.command("show")
@click.argument("name")
@home_option
@workspace_option
@output_option
def show_compute(name: str, home: Home, named: str | None, *, output: str) -> None:
    """Show a compute target, without its secrets."""
    with _told():
        found = _computes(home, named).get(name)
    _show(found, output)


@command.command("update")
@click.argument("name")
@home_option
@workspace_option
@change_options
@output_option
def update_compute(name: str, home: Home, **asked: Any) -> None:  # noqa: ANN401 (options of all kinds)
    """Change what is given of a compute target; the rest stays."""
    with _told():
        computes = _computes(home, asked["named"])
        present = computes.get(name)
        settings = settings_of(asked["settings"])
        change = ComputeChange(
            scale=scale_of(asked, present.scale),
            limits=limits_of(asked, present.limits),
            settings={**present.settings, **settings} if settings else None,
            credential=secrets_of(asked["secrets"]) or None,
            description=asked["description"],
            tags=dict(asked["tags"]) or None,
        )
        found = computes.change(name, change)
    _show(found, asked["output"])


@command.command("delete")
@click.argument("name")
@home_option
@workspace_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_wait_option
def delete_compute(name: str, home: Home, named: str | None, *, yes: bool, no_wait: bool) -> None:
    """Delete or detach a compute target where nothing executes."""
    with _told():
        computes = _computes(home, named)
        computes.get(name)
        if not yes:
            click.confirm(f"Delete the compute target `{name}`?", abort=True)
        computes.delete(name)
        if not no_wait:
            settled(lambda: _gone(computes, name), bool)
    click.echo(f"Deleted {name}." if not no_wait else f"Deleting {name}.")


@command.command("start")
@click.argument("name")
@home_option
@workspace_option
@_wait_option
def start_instance(name: str, home: Home, named: str | None, *, no_wait: bool) -> None:
    """Start an instance."""
    _turn(home, named, name=name, how="start", wait=not no_wait)


@command.command("stop")
@click.argument("name")
@home_option
@workspace_option
@_wait_option
def stop_instance(name: str, home: Home, named: str | None, *, no_wait: bool) -> None:
    """Stop an instance; its files stay."""
    _turn(home, named, name=name, how="stop", wait=not no_wait)


@command.command("restart")
@click.argument("name")
@home_option
@workspace_option
@_wait_option
def restart_instance(name: str, home: Home, named: str | None, *, no_wait: bool) -> None:
    """Stop an instance and start it again."""
    _turn(home, named, name=name, how="restart", wait=not no_wait)


@command.command("nodes")
@click.argument("name")
@home_option
@workspace_option
@output_option
def list_nodes(name: str, home: Home, named: str | None, *, output: str) -> None:
    """List the nodes of a cluster, and the runs that they execute."""
    with _told():
        found = _computes(home, named).nodes(name)
    if output == "json":
        click.echo(json.dumps([to_builtins(one) for one in found]))
        return
    for node in found:
        click.echo(f"{node.id:<40} {node.state:<12} {node.run_id or ''}".rstrip())


@command.command("preempt")
@click.argument("name")
@click.argument("node")
@home_option
@workspace_option
def preempt_node(name: str, node: str, *, home: Home, named: str | None) -> None:
    """Take a node away; the run there is queued again."""
    with _told():
        _computes(home, named).preempt(name, node)
    click.echo(f"Took {node} away.")


@command.command("sizes")
@home_option
@workspace_option
@click.option("--gpu", is_flag=True, help="Only those with GPUs.")
@output_option
def list_sizes(home: Home, named: str | None, *, gpu: bool, output: str) -> None:
    """List the sizes that nodes and instances may have."""
    with _told():
        found = [one for one in _computes(home, named).sizes() if one.gpus or not gpu]
    if output == "json":
        click.echo(json.dumps([to_builtins(one) for one in found]))
        return
    for one in found:
        click.echo(size_line(one))


def _turn(home: Home, named: str | None, *, name: str, how: str, wait: bool) -> None:
    with _told():
        computes = _computes(home, named)
        found = _settle(computes, getattr(computes, how)(name), wait=wait)
    click.echo(f"{name} is {state_of(found)}.")
    _fail(found)


def _settle(computes: Computes, found: ComputeOut, *, wait: bool) -> ComputeOut:
    if not wait:
        return found
    return settled(
        lambda: computes.get(found.name),
        lambda now: now.state not in MOVING and now.power not in _TURNING,
    )


def _show(found: ComputeOut, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(to_builtins(found)))
    else:
        tell(lines_of(found))
    _fail(found)


def _fail(found: ComputeOut) -> None:
    if has_failed(found):
        reasons = "\n".join(f"{one.code}: {one.message}" for one in found.errors)
        raise click.ClickException(f"`{found.name}` is not as it should be.\n{reasons}".rstrip())


def _gone(computes: Computes, name: str) -> bool:
    try:
        found = computes.get(name)
    except NotFoundError:
        return True
    _fail(found)
    return False


def _computes(home: Home, named: str | None) -> Computes:
    client = connected(home)
    return client.workspace(named_workspace(client, named).id).computes


@contextmanager
def _told() -> Iterator[None]:
    """End the program with what the server says is wrong, and what to do."""
    try:
        yield
    except SdkError as error:
        hint = error.hint if isinstance(error, ServiceError) else ""
        raise click.ClickException(f"{error}\n{hint}".rstrip()) from error
