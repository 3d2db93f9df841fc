"""Giving one batch to the server, and what to do with what it will not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from zaffre_sdk.errors import InvalidError, ServiceError, TooLargeError
from zaffre_sdk.metrics.batches import decode_batch, part_of, size_of
from zaffre_sdk.refusals import is_final
from zaffre_sdk.wire.metrics import BatchIn

Send = Callable[[BatchIn], object]


class Delivery(NamedTuple):
    """What became of a batch, in points.

    Attributes:
        sent: Points that the server has now.
        rejected: Points that it will never take.
        reason: What it said of those.
    """

    sent: int
    rejected: int
    reason: str


def deliver(payload: bytes, send: Send) -> Delivery:
    """Send a batch; one that is refused for its content is taken apart to save the good points.

    Raises:
        SdkError: The server cannot take it now; try again later.
    """
    return _deliver(decode_batch(payload), send)


def _deliver(batch: BatchIn, send: Send, *, first: int = 0, root: str = "") -> Delivery:
    try:
        send(batch)
    except (InvalidError, TooLargeError) as error:
        if size_of(batch) == 1:
            return Delivery(0, 1, str(error))
        return _deliver_halves(batch, send, first=first, root=root)
    except ServiceError as error:
        if not is_final(error):
            raise
        return Delivery(0, size_of(batch), str(error))
    return Delivery(size_of(batch), 0, "")


def _deliver_halves(batch: BatchIn, send: Send, *, first: int, root: str) -> Delivery:
    """Send two halves under names of their own.

    The names depend on nothing but the batch: a program that dies in between and a replay after
    it name the same halves alike, so that the server stores each of them once.
    """
    root = root or f"{batch.writer}.{batch.sequence}"
    size = size_of(batch)
    middle = size // 2
    deliveries = []
    for low, high in ((0, middle), (middle, size)):
        begin = first + low
        half = part_of(batch, low, high, writer=f"{root}.{high - low}", sequence=begin + 1)
        deliveries.append(_deliver(half, send, first=begin, root=root))
    return Delivery(
        sum(delivery.sent for delivery in deliveries),
        sum(delivery.rejected for delivery in deliveries),
        next((delivery.reason for delivery in deliveries if delivery.reason), ""),
    )
