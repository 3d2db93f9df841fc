"""`zaffre datasets`: list them, and show one version with its files and its runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import click
import msgspec
from zaffre_sdk.client import WorkspaceClient
from zaffre_sdk.errors import SdkError
from zaffre_sdk.home import Home
from zaffre_sdk.wire.datasets import DatasetChanges, DatasetOut, DataUseOut

from zaffre.cli.options import home_option, output_option
from zaffre.cli.runs import connected, named_workspace, workspace_option
from zaffre.domain.datasets import Definition
from zaffre.protocols.studio.data_words import (
    kind_in_words,
    place_in_words,
    reading_in_words,
    steps_in_words,
    types_in_words,
)
from zaffre.protocols.studio.render import size

_MOST_USES = 1000


@click.group()
def command() -> None:
    """List datasets, and show one with its files and its runs."""


@command.command("list")
@home_option
@workspace_option
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@output_option
def list_datasets(home: Home, named: str | None, *, limit: int, output: str) -> None:
    """List the newest version of each dataset."""
    with _told():
        found = list(islice(_workspace(home, named).datasets.list(), limit))
    if output == "json":
        click.echo(json.dumps([_plain(dataset) for dataset in found]))
        return
    for dataset in found:
        kind = kind_in_words(_definition(dataset))
        click.echo(f"{_name(dataset):<40} {kind:<24} {_files(dataset)}")


@command.command("show")
@click.argument("dataset")
@home_option
@workspace_option
@click.option("--check", is_flag=True, help="Tell whether its files changed since.")
@output_option
def show_dataset(dataset: str, home: Home, named: str | None, *, check: bool, output: str) -> None:
    """Show a version of a dataset: `NAME`, `NAME:VERSION`, or its id."""
    with _told():
        datasets = _workspace(home, named).datasets
        name, colon, version = dataset.partition(":")
        found = datasets.find(name, version if colon else "latest")
        found = found or (datasets.version(name, version) if colon else datasets.get(dataset))
        uses = list(islice(datasets.uses(found.id), _MOST_USES))
        changes = datasets.changes(found.id) if check else None
    if output == "json":
        shown = _plain(found) | {"uses": msgspec.to_builtins(uses)}
        more = {} if changes is None else {"changes": msgspec.to_builtins(changes)}
        click.echo(json.dumps(shown | more))
        return
    for label, text in _lines(found, uses):
        click.echo(f"{label:<12} {text}")
    if changes is not None:
        _show_changes(changes)


def _lines(dataset: DatasetOut, uses: list[DataUseOut]) -> Iterator[tuple[str, str]]:
    definition = _definition(dataset)
    yield "Dataset", _name(dataset)
    yield "Id", dataset.id
    yield "Kind", kind_in_words(definition)
    yield from (("From", place_in_words(place)) for place in definition.places)
    yield from (("Read", sentence) for sentence in reading_in_words(definition))
    yield from (("Step", step) for step in steps_in_words(definition))
    yield from (("Column", f"{name}: {kind}") for name, kind in types_in_words(definition).items())
    yield "Files", _files(dataset)
    if dataset.description:
        yield "Description", dataset.description
    yield from (("Tag", f"{key}: {value}") for key, value in dataset.tags.items())
    yield "Registered", f"by {dataset.created_by}"
    if dataset.run_id:
        yield "Made by", dataset.run_id
    for use in uses:
        yield (
            ("Made in" if use.direction == "output" else "Read in"),
            f"{use.run_id} as {use.name}",
        )


def _show_changes(changes: DatasetChanges) -> None:
    for label in ("changed", "missing", "added"):
        for path in getattr(changes, label):
            click.echo(f"{label.title():<12} {path}")
    if not (changes.changed or changes.missing or changes.added):
        are = "file is" if changes.checked == 1 else "files are"
        click.echo(f"{'Unchanged':<12} {changes.checked} {are} as registered")


def _workspace(home: Home, named: str | None) -> WorkspaceClient:
    client = connected(home)
    return client.workspace(named_workspace(client, named).id)


@contextmanager
def _told() -> Iterator[None]:
    """End the program with what the server says is wrong."""
    try:
        yield
    except SdkError as error:
        raise click.ClickException(str(error)) from error


def _definition(dataset: DatasetOut) -> Definition:
    return Definition(msgspec.to_builtins(dataset.definition))


def _name(dataset: DatasetOut) -> str:
    return f"{dataset.name}:{dataset.version}" if dataset.name else "without a name"


def _files(dataset: DatasetOut) -> str:
    return f"{dataset.files} file{'' if dataset.files == 1 else 's'}, {size(dataset.bytes)}"


def _plain(dataset: DatasetOut) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(dataset)
    return plain
