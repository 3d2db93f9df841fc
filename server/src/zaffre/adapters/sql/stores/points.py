"""How points stand in the database: columns packed into bytes.

A column of doubles or of whole numbers is their bytes, eight each, little-endian; any other is a
list. MessagePack holds the columns together. `Waiting` is a batch as it came, `Chunk` a piece of
one metric, and `Layout` tells which metrics the points of a batch went to.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any, TypeVar

import msgspec

from zaffre.domain.metrics import MetricColumns, MetricKind, MetricPoint, MetricValue

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode

# These numbers are stored: add to them, never change them.
KIND_NUMBERS = {
    MetricKind.SCALAR: 0,
    MetricKind.LIST: 1,
    MetricKind.ROW: 2,
    MetricKind.TABLE: 3,
    MetricKind.IMAGE: 4,
    MetricKind.ACCURACY_TABLE: 5,
    MetricKind.CONFUSION_MATRIX: 6,
    MetricKind.PREDICTIONS: 7,
    MetricKind.RESIDUALS: 8,
}
_KINDS = {number: kind for kind, number in KIND_NUMBERS.items()}
_FLOATS, _WHOLES, _BOTH = {float}, {int}, {int, type(None)}

CHUNK_POINTS = 1024
_CHUNK_BYTES = 64 * 1024

T = TypeVar("T")
Packed = bytes | list[Any] | None


def packed_batch(columns: MetricColumns) -> bytes:
    """Return a batch as it waits to be divided among its metrics."""
    order = columns.order
    return _encode(
        (
            columns.names,
            None if order is None else struct.pack(f"<{len(order)}H", *order),
            _packed_kinds(columns.kinds),
            _packed(columns.times, "d"),
            _packed(columns.steps, "q"),
            _packed(columns.values, "d"),
        )
    )


def unpacked_batch(data: bytes, count: int) -> MetricColumns:
    """Return a batch as it came."""
    names, order, kinds, times, steps, values = _decode(data)
    return MetricColumns(
        names=names,
        order=None if order is None else struct.unpack(f"<{count}H", order),
        kinds=_unpacked_kinds(kinds),
        times=_unpacked(times, "d") or (),
        steps=_unpacked(steps, "q"),
        values=_unpacked(values, "d") or (),
    )


@dataclass(slots=True)
class Part:
    """Points of one metric, as far as they stand together."""

    times: Sequence[float]
    steps: Sequence[int | None] | None
    values: Sequence[MetricValue]
    kinds: Sequence[MetricKind] | None

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, low: int, high: int) -> "Part":
        """Return a piece."""
        return Part(
            self.times[low:high],
            self.steps and self.steps[low:high],
            self.values[low:high],
            self.kinds and self.kinds[low:high],
        )

    def points(self, name: str) -> Iterator[MetricPoint]:
        """Yield the points one by one."""
        columns = MetricColumns(
            names=(name,),
            times=self.times,
            values=self.values,
            steps=self.steps,
            kinds=self.kinds,
        )
        return columns.points()

    def to_chunks(self) -> Iterator[tuple[int, bytes]]:
        """Yield the count and the bytes of pieces that are quick to read one by one."""
        for low in range(0, len(self), CHUNK_POINTS):
            yield from _chunks(self.cut(low, low + CHUNK_POINTS))


def divided(columns: MetricColumns) -> dict[str, Part]:
    """Return the points of each metric."""
    times, steps, values, kinds = columns.times, columns.steps, columns.values, columns.kinds
    if columns.order is None:
        return {name: Part(times, steps, values, kinds) for name in columns.names}
    places: list[list[int]] = [[] for _ in columns.names]
    for place, index in enumerate(columns.order):
        places[index].append(place)
    return {
        name: Part(
            [times[place] for place in own],
            steps and [steps[place] for place in own],
            [values[place] for place in own],
            kinds and [kinds[place] for place in own],
        )
        for name, own in zip(columns.names, places, strict=True)
    }


class Waiting:
    """Points of a run that wait to be folded; for one metric alone the others are left be."""

    def __init__(self, batches: Sequence[MetricColumns]) -> None:
        self._batches = batches
        self._was_asked = False
        self._divided: dict[str, Part] | None = None

    def get(self, name: str) -> Part | None:
        """Return the points of a metric, if any wait."""
        if self._divided is None and not self._was_asked:
            self._was_asked = True
            return self._picked(name)
        if self._divided is None:
            self._divided = divided(united(self._batches)) if self._batches else {}
        return self._divided.get(name)

    def _picked(self, name: str) -> Part | None:
        picked = [_only(batch, name) for batch in self._batches if name in batch.names]
        if not picked:
            return None
        whole = united(picked)
        return Part(whole.times, whole.steps, whole.values, whole.kinds)


def _only(columns: MetricColumns, name: str) -> MetricColumns:
    """Return the points of one metric."""
    if columns.order is None:
        return columns
    index = columns.names.index(name)
    places = [place for place, other in enumerate(columns.order) if other == index]
    steps, kinds = columns.steps, columns.kinds
    return MetricColumns(
        names=[name],
        times=[columns.times[place] for place in places],
        values=[columns.values[place] for place in places],
        steps=steps and [steps[place] for place in places],
        kinds=kinds and [kinds[place] for place in places],
    )


def united(batches: Sequence[MetricColumns]) -> MetricColumns:
    """Return batches that follow each other as one."""
    if len(batches) == 1:
        return batches[0]
    indexes: dict[str, int] = {}
    order: list[int] = []
    for batch in batches:
        places = [indexes.setdefault(name, len(indexes)) for name in batch.names]
        if batch.order is None:
            order += places * len(batch)
        elif places == list(range(len(places))):
            order += batch.order
        else:
            order += [places[index] for index in batch.order]
    return MetricColumns(
        names=list(indexes),
        order=order if len(indexes) > 1 else None,
        times=list(chain.from_iterable(batch.times for batch in batches)),
        values=list(chain.from_iterable(batch.values for batch in batches)),
        steps=_united([batch.steps for batch in batches], batches, None),
        kinds=_united([batch.kinds for batch in batches], batches, MetricKind.SCALAR),
    )


def _united(
    columns: Sequence[Sequence[T] | None], batches: Sequence[MetricColumns], absent: T
) -> list[T] | None:
    if columns.count(None) == len(columns):
        return None
    pieces = zip(columns, batches, strict=True)
    return list(
        chain.from_iterable(
            repeat(absent, len(batch)) if column is None else column for column, batch in pieces
        )
    )


class Chunk:
    """A stored piece of a metric; only what is asked of it is unpacked."""

    __slots__ = ("_kinds", "_steps", "_times", "_values", "count", "first")

    def __init__(self, first: int, count: int, data: bytes) -> None:
        self.first = first
        self.count = count
        self._kinds, self._times, self._steps, self._values = _decode(data)

    def part(self) -> Part:
        """Return all of it."""
        return Part(
            _unpacked(self._times, "d") or (),
            _unpacked(self._steps, "q"),
            _unpacked(self._values, "d") or (),
            _unpacked_kinds(self._kinds),
        )

    def steps(self, absent: int) -> Sequence[int]:
        """Return the steps alone; where there is none, `absent`."""
        steps = _unpacked(self._steps, "q")
        if isinstance(self._steps, list):
            return [absent if step is None else step for step in steps]
        return [absent] * self.count if steps is None else steps

    def point(self, name: str, ordinal: int) -> MetricPoint:
        """Return one point."""
        index = ordinal - self.first
        kinds = self._kinds
        return MetricPoint(
            name,
            _KINDS[kinds[index] if isinstance(kinds, bytes) else 0],
            _item(self._values, "d", index),
            _item(self._steps, "q", index),
            datetime.fromtimestamp(_item(self._times, "d", index), UTC),
        )


class Layout:
    """Which series each point of a batch went to.

    As bytes it is MessagePack of the keys of the series, the ordinal of the first point of each,
    and for each point the index of its series in two bytes; no indexes when there is one series.
    """

    @staticmethod
    def to_bytes(keys: Sequence[int], firsts: Sequence[int], order: Sequence[int] | None) -> bytes:
        """Return the bytes."""
        indexes = b"" if order is None else struct.pack(f"<{len(order)}H", *order)
        return _encode((keys, firsts, indexes))

    @staticmethod
    def placed(layout: bytes, count: int) -> Iterator[tuple[int, int]]:
        """Yield the series and the ordinal of each point of a batch, in order."""
        keys, ordinals, order = _decode(layout)
        indexes = struct.unpack(f"<{count}H", order) if order else (0,) * count
        for index in indexes:
            yield keys[index], ordinals[index]
            ordinals[index] += 1


def _chunks(part: Part) -> Iterator[tuple[int, bytes]]:
    data = _encode(
        (
            _packed_kinds(part.kinds),
            _packed(part.times, "d"),
            _packed(part.steps, "q"),
            _packed(part.values, "d"),
        )
    )
    if len(data) <= _CHUNK_BYTES or len(part) == 1:
        yield len(part), data
        return
    middle = len(part) // 2
    yield from _chunks(part.cut(0, middle))
    yield from _chunks(part.cut(middle, len(part)))


def _packed(column: Sequence[Any] | None, code: str) -> Packed:
    if column is None:
        return None
    types = set(map(type, column))
    if types == (_FLOATS if code == "d" else _WHOLES):
        return struct.pack(f"<{len(column)}{code}", *column)
    if code == "q" and types <= _BOTH:
        return None if _WHOLES.isdisjoint(types) else list(column)
    return list(column)


def _unpacked(column: Packed, code: str) -> Any:  # noqa: ANN401 - numbers, or whatever was logged
    if isinstance(column, bytes):
        return struct.unpack(f"<{len(column) // 8}{code}", column)
    return column


def _item(column: Packed, code: str, index: int) -> Any:  # noqa: ANN401 - as above
    if isinstance(column, bytes):
        return struct.unpack_from(f"<{code}", column, index * 8)[0]
    return None if column is None else column[index]


def _packed_kinds(kinds: Sequence[MetricKind] | None) -> bytes | None:
    if kinds is None or set(kinds) == {MetricKind.SCALAR}:
        return None
    return bytes(map(KIND_NUMBERS.__getitem__, kinds))


def _unpacked_kinds(kinds: bytes | None) -> list[MetricKind] | None:
    return None if kinds is None else [_KINDS[number] for number in kinds]
