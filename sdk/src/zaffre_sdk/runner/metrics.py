"""The metrics that the user's process logged and could not send any more."""

from __future__ import annotations

from pathlib import Path

import msgspec

from zaffre_sdk.errors import SdkError, error_type
from zaffre_sdk.metrics.replay import replay
from zaffre_sdk.runner.link import Link, RefusedError, Request
from zaffre_sdk.runner.order import Order
from zaffre_sdk.wire.metrics import BatchIn

_PACKED = {"content-type": "application/vnd.msgpack"}


def replay_metrics(link: Link, order: Order, spool: Path) -> list[str]:
    """Send what is left in the spools, and return lines that say what was lost.

    Raises:
        StoppedError: The run is no longer this runner's.
    """

    def send(batch: BatchIn) -> None:
        body = msgspec.msgpack.encode(batch)
        try:
            link.send(Request("POST", f"{order.run_path}/metrics", body, _PACKED))
        except RefusedError as error:
            kind = error_type(error.status)
            raise kind(error.code, str(error), status=error.status) from error

    try:
        report = replay(spool, send)
    except SdkError as error:
        # A script that did its work has not failed because the server has no room for numbers.
        return [f"Metrics did not reach the server; they stay in `{spool}`: {error.message}"]
    lines = []
    if report.torn:
        lines.append(f"{report.torn} record(s) of metrics were cut off by the end of the process.")
    if report.rejected:
        lines.append(f"{report.rejected} metric value(s) were refused: {report.reason}")
    return lines
