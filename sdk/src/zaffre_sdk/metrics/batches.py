"""Batches of points as bytes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from zaffre_sdk.metrics.values import LoggedPoint, storable
from zaffre_sdk.wire.metrics import BatchIn

MAX_POINTS = 1000
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
    return _ENCODER.encode({"writer": writer, "sequence": sequence, "points": points})
