"""Waiting for what a run logged to be on the server, and saying so when that takes long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zaffre_sdk.notices import notice

if TYPE_CHECKING:
    from zaffre_sdk.metrics import MetricSender

SILENT_SECONDS = 5.0
"""A person begins to wonder after so long."""
AWAY_SECONDS = 60.0
"""A server that restarts is back by then; one that is not may be away for days."""


def wait_for_metrics(
    sender: MetricSender,
    run_id: str,
    *,
    timeout: float,
    silent: float = SILENT_SECONDS,
    away: float = AWAY_SECONDS,
) -> bool:
    """Wait until the server has the metrics of a run; tell whether it has.

    What it does not have stays in the spool.

    Args:
        sender: Of the run.
        run_id: The run.
        timeout: How many seconds to wait while the server answers.
        silent: After how many of them to say what is waited for.
        away: How many to wait while it does not answer.
    """
    deadline = time.monotonic() + timeout
    if sender.flush(min(silent, timeout)):
        return True
    kept = f"They are kept in {sender.folder}; `zaffre runs sync` sends them"
    if timeout > silent and sender.is_sending:
        notice(
            f"waiting for {_points(sender)} of the run {run_id} to reach the server, at most "
            f"{timeout - silent:.0f} s, or {away:.0f} s while it does not answer. {kept} if you "
            "end the program now."
        )
    begun = time.monotonic()
    while sender.is_sending:
        if sender.flush(min(silent, max(deadline - time.monotonic(), 0.0))):
            return True
        now = time.monotonic()
        silence = sender.away_since
        if now >= deadline or (silence is not None and now - max(silence, begun) >= away):
            break
    else:
        kept = "No thread could be started that sends them"
    notice(f"{_points(sender)} of the run {run_id} did not reach the server. {kept}.")
    return False


def _points(sender: MetricSender) -> str:
    waiting = sender.waiting
    return f"{waiting:,} metric value" + ("" if waiting == 1 else "s")
