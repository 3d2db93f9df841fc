"""Deleting for good, on the wire."""

from zaffre_sdk.wire.shapes import Out


class DeletionOut(Out):
    """How much was deleted, or would be.

    Attributes:
        metrics: Logged entries.
        bytes_freed: What the disk got back; bytes that something else names do not count.
        bytes_pending: Bytes that nothing names any more and that were sent only just now: they
            are removed within minutes.
    """

    runs: int
    artifacts: int
    bytes_freed: int
    metrics: int = 0
    bytes_pending: int = 0
