"""What runs log: entries that add up to metrics."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from typing import Final, NamedTuple

from zaffre.base.text import shown
from zaffre.domain.errors import InvalidError
from zaffre.domain.names import METRIC
from zaffre.domain.paths import check_path

MAX_POINTS: Final = 10_000
MAX_STEP: Final = 2**63 - 1
MIN_STEP: Final = -(2**63)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricColumns:
    """Points in the order in which they were logged, a sequence for each of their parts.

    Points come by the hundred thousand a second, and an object for each of them would be most of
    what storing them costs.

    Attributes:
        names: The metrics, each once.
        order: For each point the index of its name; None when there is one name.
        times: Seconds since the epoch by the clock of the run.
        steps: None when no point has one.
        kinds: None when every point is a scalar.
    """

    names: Sequence[str]
    times: Sequence[float]
    values: Sequence[MetricValue]
    order: Sequence[int] | None = None
    steps: Sequence[int | None] | None = None
    kinds: Sequence[MetricKind] | None = None

    @classmethod
    def of(cls, points: Sequence[MetricPoint]) -> "MetricColumns":
        """Return points as columns."""
        indexes: dict[str, int] = {}
        order = [indexes.setdefault(point.name, len(indexes)) for point in points]
        return cls(
            names=list(indexes),
            order=order if len(indexes) > 1 else None,
            times=[point.time.timestamp() for point in points],
            values=[point.value for point in points],
            steps=[point.step for point in points],
            kinds=[point.kind for point in points],
        )

    def __len__(self) -> int:
        return len(self.values)

    def name_at(self, index: int) -> str:
        """Return the name of a point."""
        return self.names[0 if self.order is None else self.order[index]]

    def kind_at(self, index: int) -> MetricKind:
        """Return the kind of a point."""
        return MetricKind.SCALAR if self.kinds is None else self.kinds[index]

    def points(self) -> Iterator[MetricPoint]:
        """Yield the points one by one."""
        count = len(self)
        names, kinds, steps = self.names, self.kinds, self.steps
        order = self.order if self.order is not None else repeat(0, count)
        for index, kind, value, step, time in zip(
            order,
            kinds if kinds is not None else repeat(MetricKind.SCALAR, count),
            self.values,
            steps if steps is not None else repeat(None, count),
            self.times,
            strict=True,
        ):
            yield MetricPoint(names[index], kind, value, step, datetime.fromtimestamp(time, UTC))


@dataclass(frozen=True, slots=True)
class MetricBatch:
    """Points in the order in which one writer logged them.

    A writer numbers its batches from 1 without gaps and sends them one after the other; a
    sequence number that was stored already is acknowledged and not stored again.
    """

    writer: str
    sequence: int
    columns: MetricColumns

    @classmethod
    def of(cls, writer: str, sequence: int, points: Sequence[MetricPoint]) -> "MetricBatch":
        """Return a batch of points."""
        return cls(writer, sequence, MetricColumns.of(points))


class LatestMetric(NamedTuple):
    """The point of a metric with the greatest step, then time, then number.

    Only numbers count. A point without a step counts as of step 0, not-a-number as 0. A search
    reads hundreds of them.

    Attributes:
        time: Seconds since the epoch.
    """

    name: str
    number: float
    time: float
    step: int


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


def check_batch(batch: MetricBatch, *, least_step: int = 0) -> MetricBatch:
    """Return the batch with normalised names.

    Raises:
        InvalidError: `InvalidBatch`, `TooManyPoints`, `InvalidName`, `InvalidStep`,
            `InvalidMetricValue`, `RaggedTable` or `InvalidPath`, naming the first point that is
            wrong.
    """
    columns = batch.columns
    fits = 1 <= len(batch.writer) <= MAX_WRITER and batch.writer.isprintable()
    if not fits or not 1 <= batch.sequence <= MAX_STEP:
        raise InvalidError(
            "InvalidBatch",
            f"The batch {batch.sequence} of the writer {shown(batch.writer)} is not allowed.",
            target="sequence",
            hint=f"A writer has 1 to {MAX_WRITER} printable characters and counts from 1.",
        )
    if len(columns) > MAX_POINTS:
        raise InvalidError(
            "TooManyPoints",
            f"The batch has {len(columns)} points.",
            target="points",
            hint=f"Send at most {MAX_POINTS} at once.",
        )
    _check_lengths(columns)
    _check_values(columns)
    _check_steps(columns, least=least_step)
    return replace(batch, columns=_with_checked_names(columns))


def _check_lengths(columns: MetricColumns) -> None:
    optional = (columns.order, columns.steps, columns.kinds)
    lengths = {len(part) for part in (columns.times, *optional) if part is not None}
    order = columns.order
    used = set(order) if order is not None else set(range(min(1, len(columns))))
    if lengths != {len(columns)} or used != set(range(len(columns.names))):
        raise InvalidError(
            "InvalidBatch",
            "The columns of the batch do not fit each other.",
            target="columns",
            hint="Give every point one entry in each column, and every name a point.",
        )


def _check_values(columns: MetricColumns) -> None:
    # The first line lets nearly every batch pass; looking at each point costs more.
    if columns.kinds is None and _CELLS.issuperset(map(type, columns.values)):
        return
    for index, value in enumerate(columns.values):
        kind = columns.kind_at(index)
        if kind is not MetricKind.SCALAR or type(value) not in _CELLS:
            _check_value(columns.name_at(index), kind, value, target=f"points[{index}].value")


def _check_steps(columns: MetricColumns, *, least: int) -> None:
    known = [step for step in columns.steps or () if step is not None]
    if not known or (least <= min(known) and max(known) <= MAX_STEP):
        return
    for index, step in enumerate(columns.steps or ()):
        if step is not None and not least <= step <= MAX_STEP:
            raise InvalidError(
                "InvalidStep",
                f"The step {shown(step)} of {shown(columns.name_at(index))} is not allowed.",
                target=f"points[{index}].step",
                hint=f"A step is a whole number from {least} to {MAX_STEP}.",
            )


def _with_checked_names(columns: MetricColumns) -> MetricColumns:
    checked = [_checked_name(name) for name in columns.names]
    if checked == columns.names and len(set(checked)) == len(checked):
        return columns
    indexes: dict[str, int] = {}
    places = [indexes.setdefault(name, len(indexes)) for name in checked]
    order = columns.order and [places[index] for index in columns.order]
    return replace(columns, names=list(indexes), order=order if len(indexes) > 1 else None)


@lru_cache(maxsize=8192)
def _checked_name(name: str) -> str:
    # The same names come again with every batch.
    return METRIC.check(name)


def _check_value(name: str, kind: MetricKind, value: MetricValue, *, target: str) -> None:
    fits, words = _SHAPES.get(kind, _DOCUMENT)
    if not fits(value):
        raise InvalidError(
            "InvalidMetricValue",
            f"The {kind} {shown(name)} cannot be {shown(value)}.",
            target=target,
            hint=f"Log {words}.",
        )
    if kind is MetricKind.TABLE and isinstance(value, dict):
        _check_table(name, value, target)
    elif isinstance(value, str) and kind is not MetricKind.SCALAR:
        check_path(value, target=target)


def _check_table(name: str, table: dict[str, MetricValue], target: str) -> None:
    lengths = {column: len(cells) for column, cells in table.items() if isinstance(cells, list)}
    if len(set(lengths.values())) > 1:
        counted = ", ".join(f"{shown(column)} has {length}" for column, length in lengths.items())
        raise InvalidError(
            "RaggedTable",
            f"The columns of the table {shown(name)} differ in length: {counted}.",
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
