"""What runs log: entries that add up to metrics."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
