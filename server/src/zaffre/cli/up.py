"""`zaffre up`: start the server of a home, in the background unless it is asked to stay."""

import click
from zaffre_sdk.client.starting import start_server
from zaffre_sdk.errors import NoServerError
from zaffre_sdk.home import Home, ServerInfo

from zaffre.cli.choices import Choices
from zaffre.cli.options import (
    SIZE,
    TIME,
    DataRoot,
    check_conda,
    check_image_name,
    check_url,
    home_option,
)


@click.command()
@home_option
@click.option(
    "--host",
    envvar="ZAFFRE_HOST",
    default="127.0.0.1",
    show_default=True,
    show_envvar=True,
    help="The address to listen at.",
)
@click.option(
    "--port",
    envvar="ZAFFRE_PORT",
    type=click.IntRange(0, 65535),
    show_envvar=True,
    help="The port to listen at; 0 takes any.  [default: 8642, or any if it is taken]",
)
@click.option(
    "--public-url",
    envvar="ZAFFRE_PUBLIC_URL",
    callback=check_url,
    show_envvar=True,
    help="Where clients reach the server, if not at its own address.",
)
@click.option(
    "--allowed-host",
    envvar="ZAFFRE_ALLOWED_HOSTS",
    multiple=True,
    show_envvar=True,
    help="A further name under which clients may ask for it; may be repeated.",
)
@click.option(
    "--behind-proxy",
    envvar="ZAFFRE_BEHIND_PROXY",
    is_flag=True,
    show_envvar=True,
    help="A proxy that speaks TLS stands in front; needed to leave loopback.",
)
@click.option(
    "--local-slots",
    envvar="ZAFFRE_LOCAL_SLOTS",
    type=click.IntRange(1, 1000),
    default=4,
    show_default=True,
    show_envvar=True,
    help="How many runs execute at once on `local`.",
)
@click.option(
    "--max-nodes",
    envvar="ZAFFRE_MAX_NODES",
    type=click.IntRange(1, 10_000),
    show_envvar=True,
    help="How many nodes all clusters may have together; when they are taken, those of low "
    "priority give way. Without a limit unless said.",
)
@click.option(
    "--lost-after",
    envvar="ZAFFRE_LOST_AFTER",
    type=click.IntRange(60),
    default=600,
    show_default=True,
    show_envvar=True,
    help="After so many seconds of silence of its program an interactive run has failed.",
)
@click.option(
    "--base-image",
    envvar="ZAFFRE_BASE_IMAGE",
    default="",
    callback=check_image_name,
    show_envvar=True,
    help="The image of runs that ask for a container and name no image, such as `python:3.11`; "
    "without one they execute on this machine.",
)
@click.option(
    "--conda",
    envvar="ZAFFRE_CONDA",
    default="auto",
    callback=check_conda,
    show_default=True,
    show_envvar=True,
    help="What brings conda packages: the path of micromamba, mamba or conda, `auto` for the one "
    "that is installed, or `never`: then they come from the Python package index.",
)
@click.option(
    "--prune-after",
    envvar="ZAFFRE_PRUNE_AFTER",
    type=TIME,
    default="30d",
    show_default=True,
    show_envvar=True,
    help="Remove built environments that nothing has used for so long; 0 keeps them.",
)
@click.option(
    "--prune-above",
    envvar="ZAFFRE_PRUNE_ABOVE",
    type=SIZE,
    default="100GB",
    show_default=True,
    show_envvar=True,
    help="Of built environments that nothing uses, remove those that were used longest ago while "
    "all together take more; 0 is without limit.",
)
@click.option(
    "--data-root",
    envvar="ZAFFRE_DATA_ROOTS",
    type=DataRoot(),
    multiple=True,
    show_envvar=True,
    help="A folder of this machine below which datastores of the kind `local` may lie, under a "
    "name; may be repeated. The environment variable separates several by commas.",
)
@click.option(
    "--foreground",
    envvar="ZAFFRE_FOREGROUND",
    is_flag=True,
    show_envvar=True,
    help="Serve in this process, until a signal ends it.",
)
def command(home: Home, *, foreground: bool, **choices: object) -> None:
    """Start the server, or say where it runs."""
    chosen = Choices(**choices)  # type: ignore[arg-type]  # click made them what they are
    if foreground:
        _serve(home, chosen)
        return
    running = home.running()
    if running is not None:
        _say("A server runs already", home, running)
        return
    try:
        info = start_server(home, arguments=chosen.arguments())
    except (NoServerError, TimeoutError) as error:
        raise click.ClickException(str(error)) from error
    _say("Started a server", home, info)


def _say(what: str, home: Home, info: ServerInfo) -> None:
    click.echo(f"{what} at {info.url}")
    click.echo(f"  home  {home.root}")
    click.echo("  stop  zaffre down" + ("" if home == Home.default() else f" --home {home.root}"))


def _serve(home: Home, choices: Choices) -> None:
    from zaffre.cli.foreground import serve_here  # noqa: PLC0415 (a second of imports)

    serve_here(home, choices)
