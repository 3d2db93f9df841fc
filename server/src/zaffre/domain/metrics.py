"""What runs log: entries that add up to metrics."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.names import METRIC
from zaffre.domain.paths import check_path

MAX_POINTS: Final = 10_000
MAX_STEP: Final = 2**63 - 1
MAX_WRITER: Final = 255
MAX_COLUMN: Final = 1000

MetricValue = float | int | str | bool | list["MetricValue"] | dict[str, "MetricValue"] | None
"""What one log call carries: a number or text; a list; columns of cells. NaN and infinities are
kept as they are."""


class MetricKind(StrEnum):
    """Which `log_*` call wrote an entry; it decides the shape that reading gives back."""

    SCALAR = "scalar"
    LIST = "list"
    ROW = "row"
    TABLE = "table"
    IMAGE = "image"
    ACCURACY_TABLE = "accuracy_table"
    CONFUSION_MATRIX = "confusion_matrix"
    PREDICTIONS = "predictions"
    RESIDUALS = "residuals"


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One log call.

    Attributes:
        name: The metric.
        kind: Which call it was.
        value: What was logged; for images and documents the path of the artifact.
        step: The caller's step, if any; it never orders entries, their arrival does.
        time: When it was logged, by the clock of the run.
    """

    name: str
    kind: MetricKind
    value: MetricValue
    step: int | None
    time: datetime


@dataclass(frozen=True, slots=True)
class MetricBatch:
    """Points in the order in which one writer logged them.

    A writer numbers its batches from 1 without gaps and sends them one after the other; a
    sequence number that was stored already is acknowledged and not stored again.
    """

    writer: str
    sequence: int
    points: tuple[MetricPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSummary:
    """A metric at a glance; minimum and maximum leave out what is not a finite number."""

    name: str
    kind: MetricKind
    count: int
    last: MetricValue
    last_step: int | None
    minimum: float | None
    maximum: float | None
    updated_at: datetime


def is_finite_number(value: MetricValue) -> bool:
    """Tell whether `value` is a number that can be compared and drawn."""
    return isinstance(value, int | float) and math.isfinite(value)


def check_batch(batch: MetricBatch) -> MetricBatch:
    """Return the batch with normalised names.

    Raises:
        InvalidError: `InvalidBatch`, `TooManyPoints`, `InvalidName`, `InvalidStep`,
            `InvalidMetricValue`, `RaggedTable` or `InvalidPath`, naming the first point that is
            wrong.
    """
    points = batch.points
    fits = 1 <= len(batch.writer) <= MAX_WRITER and batch.writer.isprintable()
    if not fits or not 1 <= batch.sequence <= MAX_STEP:
        raise InvalidError(
            "InvalidBatch",
            f"The batch {batch.sequence} of the writer {shown(batch.writer)} is not allowed.",
            target="sequence",
            hint=f"A writer has 1 to {MAX_WRITER} printable characters and counts from 1.",
        )
    if len(points) > MAX_POINTS:
        raise InvalidError(
            "TooManyPoints",
            f"The batch has {len(points)} points.",
            target="points",
            hint=f"Send at most {MAX_POINTS} at once.",
        )
    for index, point in enumerate(points):
        # The first two lines let nearly every point pass; this loop is the cost of logging.
        if point.kind is not MetricKind.SCALAR or type(point.value) not in _CELLS:
            _check_value(point, f"points[{index}].value")
        if point.step is not None and not 0 <= point.step <= MAX_STEP:
            raise InvalidError(
                "InvalidStep",
                f"The step {shown(point.step)} of {shown(point.name)} is not allowed.",
                target=f"points[{index}].step",
                hint=f"A step is a whole number from 0 to {MAX_STEP}.",
            )
    return _with_checked_names(batch)


def _with_checked_names(batch: MetricBatch) -> MetricBatch:
    given = {point.name for point in batch.points}
    checked = {name: METRIC.check(name) for name in given}
    if all(name == normal for name, normal in checked.items()):
        return batch
    return replace(
        batch, points=tuple(replace(point, name=checked[point.name]) for point in batch.points)
    )


def _check_value(point: MetricPoint, target: str) -> None:
    value = point.value
    fits, words = _SHAPES.get(point.kind, _DOCUMENT)
    if not fits(value):
        raise InvalidError(
            "InvalidMetricValue",
            f"The {point.kind} {shown(point.name)} cannot be {shown(value)}.",
            target=target,
            hint=f"Log {words}.",
        )
    if point.kind is MetricKind.TABLE:
        _check_lengths(point, target)
    elif isinstance(value, str) and point.kind is not MetricKind.SCALAR:
        check_path(value, target=target)


def _check_lengths(point: MetricPoint, target: str) -> None:
    table = point.value if isinstance(point.value, dict) else {}
    lengths = {column: len(cells) for column, cells in table.items() if isinstance(cells, list)}
    if len(set(lengths.values())) > 1:
        counted = ", ".join(f"{shown(column)} has {length}" for column, length in lengths.items())
        raise InvalidError(
            "RaggedTable",
            f"The columns of the table {shown(point.name)} differ in length: {counted}.",
            target=target,
            hint="Give every column the same number of cells.",
        )


def _are_cells(values: Iterable[MetricValue]) -> bool:
    return _CELLS_OR_NONE.issuperset(map(type, values))


def _are_columns(value: dict[str, MetricValue]) -> bool:
    return all(1 <= len(column) <= MAX_COLUMN for column in value)


def _is_scalar(value: MetricValue) -> bool:
    return type(value) in _CELLS


def _is_list(value: MetricValue) -> bool:
    return isinstance(value, list) and _are_cells(value)


def _is_row(value: MetricValue) -> bool:
    return isinstance(value, dict) and _are_columns(value) and _are_cells(value.values())


def _is_table(value: MetricValue) -> bool:
    return isinstance(value, dict) and _are_columns(value) and all(map(_is_list, value.values()))


def _is_path(value: MetricValue) -> bool:
    return isinstance(value, str)


_CELLS: Final = frozenset({float, int, str, bool})
_CELLS_OR_NONE: Final = _CELLS | {type(None)}
_SHAPES: Final[dict[MetricKind, tuple[Callable[[MetricValue], bool], str]]] = {
    MetricKind.SCALAR: (_is_scalar, "a number, a text or a boolean"),
    MetricKind.LIST: (_is_list, "a list of numbers, texts or booleans"),
    MetricKind.ROW: (_is_row, "columns, each with a number, a text or a boolean"),
    MetricKind.TABLE: (_is_table, "columns, each with a list of numbers, texts or booleans"),
}
_DOCUMENT: Final = (_is_path, "the path of an artifact of the run")
