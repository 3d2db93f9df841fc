"""Serving in this process."""

import asyncio
import os
import sys

import click
from zaffre_sdk.home import Home

from zaffre.app import StartError, serve
from zaffre.base.logs import write_json_lines
from zaffre.cli.choices import Choices
from zaffre.domain.errors import ZaffreError
from zaffre.protocols.http.serving import new_event_loop
from zaffre.settings import Settings


def serve_here(home: Home, choices: Choices) -> None:
    """Serve until a signal ends it.

    Raises:
        ClickException: The server cannot start as it was asked to.
    """
    os.umask(0o077)  # Whatever it writes, and whatever its runs write, is the owner's alone.
    write_json_lines(sys.stderr)
    settings = Settings(
        home=home.root,
        host=choices.host,
        port=choices.port,
        public_url=choices.public_url,
        allowed_hosts=choices.allowed_host,
        behind_proxy=choices.behind_proxy,
        local_slots=choices.local_slots,
        max_nodes=choices.max_nodes,
        lost_after=choices.lost_after,
        base_image=choices.base_image,
        conda=choices.conda,
        prune_after=choices.prune_after,
        prune_above=int(choices.prune_above),
        data_roots=dict(choices.data_root),
    )
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(settings, announce=_announce))
    except (StartError, ZaffreError) as error:
        raise click.ClickException(str(error)) from error


def _announce(url: str) -> None:
    # The log says it too; people at a terminal need not read JSON.
    if sys.stdout.isatty():
        click.echo(f"Serving at {url}; press Ctrl-C to stop.")
