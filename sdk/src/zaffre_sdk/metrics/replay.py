"""Sending what a program left behind when it ended, however it ended."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

from zaffre_sdk.locks import FileLock
from zaffre_sdk.metrics.delivery import Send, deliver
from zaffre_sdk.metrics.spool import (
    MARK,
    lock_path,
    read_acked,
    read_record,
    remove_spool,
    write_acked,
    write_rejected,
)


class ReplayReport(NamedTuple):
    """What became of the spools of a folder.

    Attributes:
        sent: Points that the server has now.
        torn: Records that were not whole and are lost: those of the very last moment.
        rejected: Points that the server will never take; they stay in `*.rejected`.
        reason: What the server said of those.
        busy: Spools whose writer still lives; they were left alone.
    """

    sent: int = 0
    torn: int = 0
    rejected: int = 0
    reason: str = ""
    busy: int = 0

    def __add__(self, other: object) -> ReplayReport:
        if not isinstance(other, ReplayReport):
            return NotImplemented
        return ReplayReport(
            self.sent + other.sent,
            self.torn + other.torn,
            self.rejected + other.rejected,
            self.reason or other.reason,
            self.busy + other.busy,
        )


def replay(folder: Path, send: Send) -> ReplayReport:
    """Send every batch in a folder that the server has not acknowledged, and remove the spools.

    Args:
        folder: Where writers spooled; one that does not exist is empty.
        send: Stores a batch, as `Metrics.send` does.

    Raises:
        SdkError: The server cannot take more now. What was sent is remembered: call again.
    """
    report = ReplayReport()
    for path in sorted(folder.glob("*.spool")):
        report += _replay_spool(path, send)
    return report


def _replay_spool(path: Path, send: Send) -> ReplayReport:
    lock = FileLock(lock_path(path))
    if not lock.acquire():
        return ReplayReport(busy=1)
    try:
        if not path.exists():
            # Another one has sent it meanwhile; the lock is a new file that nobody needs.
            remove_spool(path)
            return ReplayReport()
        with io.FileIO(path) as file:
            report = _replay_file(file, path, send)
        remove_spool(path)
    finally:
        lock.release()
    return report


def _replay_file(file: io.FileIO, path: Path, send: Send) -> ReplayReport:
    size = path.stat().st_size
    if size < len(MARK):
        return ReplayReport()
    offset = read_acked(path)
    report = ReplayReport()
    while offset < size:
        record = read_record(file, offset)
        if record is None:
            return report + ReplayReport(torn=1)
        report += _replay_record(path, record.payload, send)
        offset = record.end
        write_acked(path, offset)
    return report


def _replay_record(path: Path, payload: bytes | None, send: Send) -> ReplayReport:
    if payload is None:
        return ReplayReport(torn=1)
    delivery = deliver(payload, send)
    if delivery.rejected:
        write_rejected(path, payload)
    return ReplayReport(delivery.sent, 0, delivery.rejected, delivery.reason)
