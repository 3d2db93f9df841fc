"""Metrics between the wire and the domain.

Every logged point passes here, so the loop in `to_batch` is kept short.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from zaffre_sdk.wire.metrics import BatchIn, EntryOut, MetricOut

from zaffre.domain.errors import InvalidError
from zaffre.domain.metrics import MetricBatch, MetricKind, MetricPoint, MetricSummary
from zaffre.protocols.native.translate.words import from_time, to_word

_KINDS = {str(kind): kind for kind in MetricKind}


def to_batch(wire: BatchIn) -> MetricBatch:
    """Return the batch, its points unchecked but for kinds and times.

    Raises:
        InvalidError: `InvalidKind` or `InvalidTime`.
    """
    kinds, moment = _KINDS, datetime.fromtimestamp
    try:
        points = tuple(
            [
                MetricPoint(
                    p.name,
                    kinds[p.kind],
                    p.value,  # type: ignore[arg-type]  # lists are invariant in their elements
                    p.step,
                    moment(p.time, UTC),
                )
                for p in wire.points
            ]
        )
    except KeyError as unknown:
        to_word(str(unknown.args[0]), MetricKind, target="kind")
        raise
    except (ValueError, OverflowError, OSError):
        raise InvalidError(
            "InvalidTime",
            "The batch has a time that is no moment.",
            target="points",
            hint="Send seconds since the epoch.",
        ) from None
    return MetricBatch(wire.writer, wire.sequence, points)


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
