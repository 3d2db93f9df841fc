"""Steps that choose among files: by number, by chance, by condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zaffre_sdk.data.chance import keeps
from zaffre_sdk.data.conditions import evaluate, is_true
from zaffre_sdk.data.metadata import metadata_of
from zaffre_sdk.errors import SourceError
from zaffre_sdk.wire.datasets import Definition, Filter, Sample, Skip, Split, Step, Take

if TYPE_CHECKING:
    from zaffre_sdk.data.listed import ListedFile


def choose(files: Sequence[ListedFile], definition: Definition) -> list[ListedFile]:
    """Return the files that the steps of a definition leave, in their order."""
    chosen = list(files)
    for step in definition.steps:
        chosen = _apply(step, chosen, definition)
    return chosen


def _apply(step: Step, files: list[ListedFile], definition: Definition) -> list[ListedFile]:
    if isinstance(step, Take):
        return files[: step.count]
    if isinstance(step, Skip):
        return files[step.count :]
    if isinstance(step, Sample):
        seed, probability = step.seed, step.probability
        return [one for n, one in enumerate(files) if keeps(seed, n, probability)]
    if isinstance(step, Split):
        seed, probability = step.seed, step.percentage
        return [one for n, one in enumerate(files) if keeps(seed, n, probability) == step.first]
    if isinstance(step, Filter):
        row = _rows(definition)
        return [one for one in files if is_true(evaluate(step.condition, row(one)))]
    raise SourceError(f"`{type(step).__name__}` is about records; a dataset of files has none.")


def _rows(definition: Definition) -> Callable[[ListedFile], Mapping[str, Any]]:
    """Return what gives the columns that conditions may name: of the file and of its path."""
    text = definition.partition_format
    if not text:
        return metadata_of
    # Tables list their files, and so does this: each would import the other.
    values_of = import_module("zaffre_sdk.data.tabular.partitions").values_of
    return lambda one: {**metadata_of(one), **values_of(text, f"/{one.file.path}")}
