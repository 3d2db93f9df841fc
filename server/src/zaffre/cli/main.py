"""The `zaffre` program: one file per command, loaded when it is called."""

import importlib

import click

from zaffre import __version__

_COMMANDS = (
    "up",
    "down",
    "status",
    "studio",
    "runs",
    "compute",
    "datastores",
    "datasets",
    "environments",
    "import",
    "doctor",
)
# `import` is a word of Python's own; a room is called as what it holds.
_ROOMS = {"import": "importing", "compute": "computes"}


class _Commands(click.Group):
    """Knows the names of the commands, and imports the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names in the order in which one meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one command."""
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"zaffre.cli.{_ROOMS.get(cmd_name, cmd_name)}").command
        return command if isinstance(command, click.Command) else None


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="zaffre")
def main() -> None:
    """The Azure Machine Learning workspace that you run yourself."""
