"""Options that several commands have."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from zaffre_sdk.home import HOME_VARIABLE, Home

from zaffre.domain.containers import is_image_name

_LABEL = re.compile(r"[A-Za-z0-9_\-]{1,64}", re.ASCII)
_UNITS = {"": 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_BYTES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000, "t": 1_000_000_000_000}
F = TypeVar("F", bound=Callable[..., Any])


class Amount(click.ParamType):  # type: ignore[type-arg]  # generic in new versions alone
    """A number with a unit behind it, such as `30d` or `20GB`."""

    def __init__(self, name: str, units: dict[str, int], *, example: str) -> None:
        self.name = name
        self._units = units
        self._example = example

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number in the smallest unit."""
        if isinstance(value, (int, float)):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]?)b?", str(value).strip().lower())
        if found is None or found[2] not in self._units:
            self.fail(f"{value!r} is no {self.name} such as {self._example}.", param, ctx)
        return float(found[1]) * self._units[found[2]]


TIME = Amount("time", _UNITS, example="30d")
SIZE = Amount("size", _BYTES, example="20GB")


def home_option(function: F) -> F:
    """Add `--home`, which commands take as a `Home`."""
    return click.option(
        "--home",
        envvar=HOME_VARIABLE,
        type=click.Path(file_okay=False, path_type=Path),
        callback=_home,
        help="The folder of the server.  [default: ~/.zaffre]",
        show_envvar=True,
    )(function)


def output_option(function: F) -> F:
    """Add `--output`, `text` or `json`."""
    return click.option(
        "-o",
        "--output",
        envvar="ZAFFRE_OUTPUT",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to print.",
    )(function)


def check_url(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return an address of a web server without a slash at its end.

    Raises:
        BadParameter: It is none.
    """
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise click.BadParameter(f"{value!r} is no address such as https://ml.example.org.")
    return value.rstrip("/")


def check_image_name(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Return the name of an image, or nothing.

    Raises:
        BadParameter: It is none.
    """
    if value and not is_image_name(value):
        raise click.BadParameter(f"{value!r} is no name of an image, such as python:3.11.")
    return value


def check_conda(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Return `auto`, `never`, or the path of a program.

    Raises:
        BadParameter: It is none.
    """
    if value in {"auto", "never"}:
        return value
    path = Path(value).expanduser().absolute()
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise click.BadParameter(f"{value!r} is neither auto, never, nor the path of a program.")
    return str(path)


class DataRoot(click.ParamType):  # type: ignore[type-arg]  # generic in new versions alone
    """A folder of this machine under a name: `NAME=/FOLDER`."""

    name = "NAME=/FOLDER"
    envvar_list_splitter = ","

    def convert(
        self,
        value: Any,  # noqa: ANN401 (click's signature)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, Path]:
        """Return the name and the folder."""
        if isinstance(value, tuple):
            return value
        label, _, folder = str(value).strip().partition("=")
        path = Path(folder).expanduser()
        if not _LABEL.fullmatch(label) or not folder or not path.is_absolute():
            self.fail(f"{value!r} is no name with a folder, such as data=/srv/data.", param, ctx)
        return label, path


def _home(_context: click.Context, _option: click.Parameter, value: Path | None) -> Home:
    return Home(value.expanduser().absolute()) if value else Home.default()
