"""`zaffre environments`: what lies built on the server's machine, and making room there."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
import msgspec
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home
from zaffre_sdk.wire.environments import BuiltOut, PruneOut

from zaffre.cli.options import SIZE, TIME, home_option, output_option
from zaffre.cli.runs import connected
from zaffre.protocols.studio.render import size

_SHOWN_KEY = 12
_SHOWN_PACKAGES = 4


@click.group()
def command() -> None:
    """List built environments, and remove those that nothing uses."""


@command.command("list")
@home_option
@output_option
def list_environments(home: Home, *, output: str) -> None:
    """List what lies built on the server's machine, the one that was used last first."""
    with _told():
        found = connected(home).built_environments.list()
    if output == "json":
        click.echo(json.dumps([msgspec.to_builtins(one) for one in found]))
        return
    for one in found:
        click.echo(_line(one))
    click.echo(f"{_counted(found)} in all.")


@command.command("prune")
@home_option
@click.option(
    "--unused-for",
    type=TIME,
    default="30d",
    show_default=True,
    help="Remove what was not used for so long.",
)
@click.option(
    "--keep",
    type=SIZE,
    help="Of that what was used last stays, up to this size of all together.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@output_option
def prune_environments(
    home: Home, *, unused_for: float, keep: float | None, dry_run: bool, output: str
) -> None:
    """Remove built environments; whoever needs one of them again builds it anew.

    What a run or an endpoint uses stays.
    """
    with _told():
        answer = connected(home).built_environments.prune(
            unused_seconds=unused_for,
            keep_bytes=None if keep is None else int(keep),
            dry_run=dry_run,
        )
    if output == "json":
        click.echo(json.dumps(msgspec.to_builtins(answer)))
        return
    for one in answer.removed:
        click.echo(_line(one))
    click.echo(_summary(answer, dry_run=dry_run))


def _line(one: BuiltOut) -> str:
    # An image that others are built on has no packages of ours.
    packages = ", ".join(one.packages[:_SHOWN_PACKAGES]) or one.python
    more = len(one.packages) - _SHOWN_PACKAGES
    rest = f" and {more} more" if more > 0 else ""
    used = f"in use by {', '.join(one.in_use_by)}" if one.in_use_by else _ago(one.used_at)
    return f"{one.key[:_SHOWN_KEY]}  {size(one.size):>8}  {used:<24}  {packages}{rest}"


def _ago(moment: float) -> str:
    seconds = max(time.time() - moment, 0)
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= unit:
            count = int(seconds // unit)
            return f"used {count} {name}{'' if count == 1 else 's'} ago"
    return "used just now"


def _summary(answer: PruneOut, *, dry_run: bool) -> str:
    what = _counted(answer.removed)
    return f"{what} would be removed." if dry_run else f"{what} removed."


def _counted(environments: Sequence[BuiltOut]) -> str:
    count = len(environments)
    together = size(sum(one.size for one in environments))
    return f"{count} environment{'' if count == 1 else 's'}, {together}"


@contextmanager
def _told() -> Iterator[None]:
    """End the program with what the server says is wrong."""
    try:
        yield
    except SdkError as error:
        raise click.ClickException(str(error)) from error
