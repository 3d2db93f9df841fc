"""How one logged value stands in a row, and how the order of a batch stands in its layout."""

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from zaffre.domain.metrics import MetricKind, MetricPoint, MetricValue

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


def cells_of(value: MetricValue) -> tuple[float | None, bytes | None]:
    """Return the columns `number` and `other` of a value."""
    # Not-a-number differs from itself; SQLite would store NULL for it.
    if type(value) is float and value == value:  # noqa: PLR0124 - see above
        return value, None
    return None, _encode(value)


def value_of(number: float | None, other: bytes | None) -> MetricValue:
    """Return the value of the two columns."""
    value: MetricValue = number if other is None else _decode(other)
    return value


def point_of(name: str, row: Sequence[Any]) -> MetricPoint:
    """Return the point of the columns kind, step, time, number, other."""
    kind, step, time, number, other = row
    return MetricPoint(
        name, _KINDS[kind], value_of(number, other), step, datetime.fromtimestamp(time, UTC)
    )


class Layout:
    """Which series each point of a batch went to.

    As bytes it is MessagePack of the keys of the series, the ordinal of the first point of each,
    and for each point the index of its series in two bytes; no indexes when there is one series.
    """

    def __init__(self) -> None:
        self._indexes: dict[int, int] = {}
        self._firsts: list[int] = []
        self._order: list[int] = []

    def add(self, series: int, ordinal: int) -> None:
        """Note the next point."""
        index = self._indexes.setdefault(series, len(self._indexes))
        if index == len(self._firsts):
            self._firsts.append(ordinal)
        self._order.append(index)

    def to_bytes(self) -> bytes:
        """Return the bytes."""
        one = len(self._indexes) == 1
        order = b"" if one else struct.pack(f"<{len(self._order)}H", *self._order)
        return _encode((list(self._indexes), self._firsts, order))


def placed(layout: bytes, count: int) -> Iterator[tuple[int, int]]:
    """Yield the series and the ordinal of each point of a batch, in order."""
    keys, ordinals, order = _decode(layout)
    indexes = struct.unpack(f"<{count}H", order) if order else (0,) * count
    for index in indexes:
        yield keys[index], ordinals[index]
        ordinals[index] += 1
