"""Batches of points as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from zaffre_sdk.metrics.values import LoggedPoint, storable
from zaffre_sdk.wire.metrics import BatchIn, Columns

T = TypeVar("T")

MAX_POINTS = 5000
_MAX_BYTES = 2 * 1024 * 1024

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(BatchIn)


def encode_batches(writer: str, sequence: int, points: Sequence[LoggedPoint]) -> list[bytes]:
    """Return points as batches numbered from `sequence`: small ones, so none is refused whole."""
    if len(points) > MAX_POINTS:
        return _halves(writer, sequence, points)
    data = _encoded(writer, sequence, points)
    if len(data) > _MAX_BYTES and len(points) > 1:
        return _halves(writer, sequence, points)
    return [data]


def decode_batch(data: bytes) -> BatchIn:
    """Return the batch that was encoded."""
    return _DECODER.decode(data)


def size_of(batch: BatchIn) -> int:
    """Return how many points a batch has."""
    return len(batch.points) + (len(batch.columns.values) if batch.columns else 0)


def part_of(batch: BatchIn, low: int, high: int, *, writer: str, sequence: int) -> BatchIn:
    """Return some points of a batch as a batch of another name.

    A batch has points or columns, never both.
    """
    columns = batch.columns
    if columns is None:
        return BatchIn(writer=writer, sequence=sequence, points=batch.points[low:high])
    names, order = columns.names, columns.order
    if order is not None:
        indexes: dict[int, int] = {}
        order = [indexes.setdefault(index, len(indexes)) for index in order[low:high]]
        names = [names[index] for index in indexes]
    part = Columns(
        names=names,
        times=columns.times[low:high],
        values=columns.values[low:high],
        order=order,
        steps=_cut(columns.steps, low, high),
        kinds=_cut(columns.kinds, low, high),
    )
    return BatchIn(writer=writer, sequence=sequence, columns=part)


def _cut(column: list[T] | None, low: int, high: int) -> list[T] | None:
    return None if column is None else column[low:high]


def _halves(writer: str, sequence: int, points: Sequence[LoggedPoint]) -> list[bytes]:
    middle = min(MAX_POINTS, (len(points) + 1) // 2)
    first = encode_batches(writer, sequence, points[:middle])
    return first + encode_batches(writer, sequence + len(first), points[middle:])


def _encoded(writer: str, sequence: int, points: Sequence[LoggedPoint]) -> bytes:
    try:
        return _encode(writer, sequence, points)
    except (TypeError, ValueError, OverflowError):
        return _encode(writer, sequence, [storable(point) for point in points])


def _encode(writer: str, sequence: int, points: Sequence[LoggedPoint]) -> bytes:
    names, kinds, values, steps, times = zip(*points) if points else ((),) * 5
    indexes = {name: index for index, name in enumerate(dict.fromkeys(names))}
    columns: dict[str, object] = {"names": list(indexes), "times": times, "values": values}
    if len(indexes) > 1:
        columns["order"] = [indexes[name] for name in names]
    if steps.count(None) != len(steps):
        columns["steps"] = steps
    if kinds.count("scalar") != len(kinds):
        columns["kinds"] = kinds
    return _ENCODER.encode({"writer": writer, "sequence": sequence, "columns": columns})
