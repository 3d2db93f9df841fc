"""What a compute target can be asked for on the command line."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from zaffre_sdk.wire.computes import ComputeLimits, Scale

F = TypeVar("F", bound=Callable[..., Any])

_TYPES = {
    "cluster": "AmlCompute",
    "instance": "ComputeInstance",
    "machine": "VirtualMachine",
    "ray": "Ray",
    "kubernetes": "Kubernetes",
    "spark": "SynapseSpark",
    "databricks": "Databricks",
    "serving": "AKS",
    "linked": "DataFactory",
}
KINDS = tuple(_TYPES)
_SCALE = ("min_nodes", "max_nodes", "idle_seconds")
_LIMITS = ("max_queued", "max_running_per_user", "max_run_seconds")


class Pair(click.ParamType):  # type: ignore[type-arg]  # generic in new versions alone
    """A key with its value: `KEY=VALUE`."""

    name = "KEY=VALUE"

    def convert(
        self,
        value: Any,  # noqa: ANN401 (click's signature)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, str]:
        """Return the key and the value."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not key or not equals:
            self.fail(f"{value!r} is no key with a value, such as team=vision.", param, ctx)
        return key, text


_OPTIONS = (
    click.option("--min-nodes", type=click.IntRange(0), help="Kept even when nothing runs."),
    click.option("--max-nodes", type=click.IntRange(0), help="Never more than these."),
    click.option(
        "--idle-seconds", type=click.FloatRange(0), help="When nodes without work leave."
    ),
    click.option(
        "--max-queued", type=click.IntRange(0), help="Runs that may wait; 0: any number."
    ),
    click.option(
        "--max-running-per-user",
        type=click.IntRange(0),
        help="Runs of one person that execute at once; 0: any number.",
    ),
    click.option(
        "--max-run-seconds", type=click.IntRange(0), help="How long a run may take; 0: for ever."
    ),
    click.option("--description", help="What it is for."),
    click.option("--tag", "tags", type=Pair(), multiple=True, help="May be given several times."),
    click.option(
        "--setting",
        "settings",
        type=Pair(),
        multiple=True,
        help="What its kind needs, such as address=gpu1. May be given several times.",
    ),
    click.option(
        "--secret",
        "secrets",
        type=Pair(),
        multiple=True,
        help="What opens it, as NAME=FILE; a file of `-` is read from the standard input. All of "
        "them are needed again when what says where it is changes.",
    ),
)


def change_options(function: F) -> F:
    """Add what can be said of a target now and later."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def type_of(kind: str) -> str:
    """Return Azure ML's word for a kind."""
    return _TYPES[kind]


def scale_of(asked: Mapping[str, Any], present: Scale | None = None) -> Scale | None:
    """Return the scale that is asked for; None when nothing is said of it."""
    given = {key: asked[key] for key in _SCALE if asked[key] is not None}
    if not given:
        return None
    return msgspec.structs.replace(present or Scale(), **given)


def limits_of(asked: Mapping[str, Any], present: ComputeLimits) -> ComputeLimits | None:
    """Return the limits that are asked for, 0 for none; None when nothing is said of them."""
    given = {key: asked[key] or None for key in _LIMITS if asked[key] is not None}
    return msgspec.structs.replace(present, **given) if given else None


def settings_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return settings: numbers, true, false and lists as JSON has them, all else as text."""
    return {key: _plain(text) for key, text in pairs}


def secrets_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return secrets, read from the files that are named; `-` is the standard input.

    Raises:
        ClickException: A file cannot be read.
    """
    try:
        return {name: _text(place) for name, place in pairs}
    except (OSError, UnicodeError) as error:
        raise click.ClickException(f"A secret cannot be read: {error}.") from error


def _plain(text: str) -> Any:  # noqa: ANN401 (whatever JSON holds)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(place: str) -> str:
    text = sys.stdin.read() if place == "-" else Path(place).expanduser().read_text("utf-8")
    # Editors end a password with a line break; a key has several, and needs its last one.
    return text if text.count("\n") > 1 else text.rstrip("\n")
