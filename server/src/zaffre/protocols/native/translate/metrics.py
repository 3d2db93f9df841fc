"""Metrics between the wire and the domain.

Every logged point passes here, so columns are handed on as they are.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from zaffre_sdk.wire.metrics import BatchIn, Columns, EntryOut, MetricOut, Point

from zaffre.domain.errors import InvalidError
from zaffre.domain.metrics import (
    MetricBatch,
    MetricColumns,
    MetricKind,
    MetricPoint,
    MetricSummary,
)
from zaffre.protocols.native.translate.words import from_time, to_word

_KINDS = {str(kind): kind for kind in MetricKind}
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC).timestamp()
_LATEST = datetime(9999, 12, 30, tzinfo=UTC).timestamp()


def to_batch(wire: BatchIn) -> MetricBatch:
    """Return the batch, its points unchecked but for kinds and times.

    Raises:
        InvalidError: `InvalidBatch`, `InvalidKind` or `InvalidTime`.
    """
    if wire.columns is not None and wire.points:
        raise InvalidError(
            "InvalidBatch",
            "The batch has both points and columns.",
            target="columns",
            hint="Send one of them.",
        )
    columns = _from_points(wire.points) if wire.columns is None else _from_columns(wire.columns)
    times = columns.times
    # A sum is not finite when one of its parts is not.
    is_sound = not times or (
        math.isfinite(sum(times)) and min(times) >= _EARLIEST and max(times) <= _LATEST
    )
    if not is_sound:
        raise InvalidError(
            "InvalidTime",
            "The batch has a time that is no moment.",
            target="points",
            hint="Send seconds since the epoch.",
        )
    return MetricBatch(wire.writer, wire.sequence, columns)


def _from_columns(wire: Columns) -> MetricColumns:
    return MetricColumns(
        names=wire.names,
        order=wire.order,
        times=wire.times,
        values=wire.values,  # type: ignore[arg-type]  # lists are invariant in their elements
        steps=wire.steps,
        kinds=None if wire.kinds is None else _to_kinds(wire.kinds),
    )


def _from_points(points: list[Point]) -> MetricColumns:
    indexes: dict[str, int] = {}
    order = [indexes.setdefault(point.name, len(indexes)) for point in points]
    return MetricColumns(
        names=list(indexes),
        order=order if len(indexes) > 1 else None,
        times=[point.time for point in points],
        values=[point.value for point in points],  # type: ignore[misc]  # as above
        steps=[point.step for point in points],
        kinds=_to_kinds([point.kind for point in points]),
    )


def _to_kinds(words: list[str]) -> list[MetricKind] | None:
    if words.count(MetricKind.SCALAR) == len(words):
        return None
    return [_KINDS.get(word) or to_word(word, MetricKind, target="kind") for word in words]


def from_summary(summary: MetricSummary) -> MetricOut:
    """Return a metric at a glance."""
    return MetricOut(
        name=summary.name,
        kind=summary.kind,
        count=summary.count,
        last=summary.last,
        last_step=summary.last_step,
        minimum=summary.minimum,
        maximum=summary.maximum,
        updated_at=from_time(summary.updated_at),
    )


def from_entries(entries: Iterable[tuple[int, MetricPoint]]) -> list[EntryOut]:
    """Return log calls with their positions."""
    return [
        EntryOut(
            position=position,
            name=point.name,
            kind=point.kind,
            value=point.value,
            step=point.step,
            time=from_time(point.time),
        )
        for position, point in entries
    ]


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever was logged
    """Return what JSON can carry: not-a-number and infinities become words."""
    if isinstance(value, float):
        return value if math.isfinite(value) else _WORDS.get(value, "NaN")
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


_WORDS = {math.inf: "Infinity", -math.inf: "-Infinity"}
