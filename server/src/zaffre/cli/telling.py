"""What commands tell about one thing."""

from collections.abc import Iterable

import click

from zaffre.base.text import printable


def tell(lines: Iterable[tuple[str, str]]) -> None:
    """Write lines, each with what it is about; what others named does nothing to the terminal."""
    for label, text in lines:
        click.echo(f"{label:<12} {printable(text)}".rstrip())
