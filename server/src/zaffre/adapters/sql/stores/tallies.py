"""What a batch adds to its metrics: counts, extremes, and the latest number of each.

The statement is plain text and its rows plain tuples, since a batch may bring a point to each of a
thousand metrics; it counts up what is there, so that nothing has to be read before.
"""

from collections.abc import Iterator, Sequence
from itertools import repeat
from math import isfinite
from typing import Any

from zaffre.adapters.sql.stores.points import Part, divided
from zaffre.domain.metrics import MetricColumns, MetricKind

_LATER = """excluded.latest_step IS NOT NULL AND (metric_series.latest_step IS NULL OR
    (excluded.latest_step, excluded.latest_time, coalesce(excluded.latest_number, 0)) >
    (metric_series.latest_step, metric_series.latest_time, coalesce(latest_number, 0)))"""
ADD_TALLY = f"""
INSERT INTO metric_series (run_key, name, "count", minimum, maximum,
    latest_number, latest_step, latest_time, latest_is_nan)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run_key, name) DO UPDATE SET
    "count" = metric_series."count" + excluded."count",
    minimum = CASE WHEN metric_series.minimum <= excluded.minimum OR excluded.minimum IS NULL
        THEN metric_series.minimum ELSE excluded.minimum END,
    maximum = CASE WHEN metric_series.maximum >= excluded.maximum OR excluded.maximum IS NULL
        THEN metric_series.maximum ELSE excluded.maximum END,
    latest_number = CASE WHEN {_LATER} THEN excluded.latest_number ELSE latest_number END,
    latest_is_nan = CASE WHEN {_LATER} THEN excluded.latest_is_nan ELSE latest_is_nan END,
    latest_step = CASE WHEN {_LATER} THEN excluded.latest_step ELSE latest_step END,
    latest_time = CASE WHEN {_LATER} THEN excluded.latest_time ELSE latest_time END
"""  # noqa: S608 - constants

_NUMBERS = frozenset({float, int, bool})
_FLOATS = frozenset({float})
_NOTHING = (None, None, None, None, None, 0)
# A point without a step counts as of this one, as MLflow has it.
_NO_STEP = 0


def tallies(run_key: int, columns: MetricColumns) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `ADD_TALLY` in order of first appearance."""
    if len(columns.names) == len(columns) and columns.kinds is None:
        yield from _single(run_key, columns)
        return
    for name, part in divided(columns).items():
        yield (run_key, name, len(part), *tally(part))


def tally(part: Part) -> tuple[Any, ...]:
    """Return minimum, maximum, and the number, step, time of the latest and if it is no number."""
    times, values = part.times, part.values
    steps: Sequence[int | None] = part.steps or [None] * len(values)
    types = set(map(type, values))
    if part.kinds is not None or not types <= _NUMBERS:
        rows = [
            row
            for row in zip(
                part.kinds or repeat(MetricKind.SCALAR), steps, times, values, strict=False
            )
            if row[0] is MetricKind.SCALAR and type(row[3]) in _NUMBERS
        ]
        if not rows:
            return _NOTHING
        _, steps, times, values = zip(*rows, strict=True)
    numbers = values if types == _FLOATS else [float(value) for value in values]  # type: ignore[arg-type]  # numbers by now
    return _tally(numbers, times, steps)  # type: ignore[arg-type]  # as above


def _tally(
    numbers: Sequence[float], times: Sequence[float], steps: Sequence[int | None]
) -> tuple[Any, ...]:
    finite: Sequence[float] = numbers
    ordered: Sequence[float] = numbers
    if not isfinite(sum(numbers)):
        finite = [number for number in numbers if isfinite(number)]
        ordered = [0.0 if number != number else number for number in numbers]  # noqa: PLR0124 - not-a-number differs from itself
    known = steps if None not in steps else [step or _NO_STEP for step in steps]
    step, time, _, index = max(zip(known, times, ordered, range(len(ordered)), strict=True))
    number = numbers[index]
    is_nan = number != number  # noqa: PLR0124 - as above
    return (
        min(finite, default=None),
        max(finite, default=None),
        None if is_nan else number,
        step,
        time,
        int(is_nan),
    )


def _single(run_key: int, columns: MetricColumns) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a batch that brings each metric one point."""
    steps = columns.steps or repeat(None, len(columns))
    for name, value, step, time in zip(
        columns.names, columns.values, steps, columns.times, strict=True
    ):
        if type(value) is float and isfinite(value):
            yield run_key, name, 1, value, value, value, step or _NO_STEP, time, 0
        else:
            yield run_key, name, 1, *tally(Part((time,), (step,), (value,), None))
