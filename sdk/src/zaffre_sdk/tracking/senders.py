"""The senders of this process: one for each run that it logs to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from zaffre_sdk.metrics import MetricSender
from zaffre_sdk.tracking.beating import heart
from zaffre_sdk.tracking.context import RUN_VARIABLE
from zaffre_sdk.tracking.leftovers import spools_of

if TYPE_CHECKING:
    from zaffre_sdk.client import WorkspaceClient
    from zaffre_sdk.wire.metrics import BatchIn, BatchOut

SPOOL_VARIABLE = "ZAFFRE_SPOOL"

_senders: dict[tuple[str, str], MetricSender] = {}


def find(workspace: WorkspaceClient, run_id: str) -> MetricSender | None:
    """Return the sender of a run, or None when this process has not logged to it."""
    return _senders.get((workspace.id, run_id))


def of(workspace: WorkspaceClient, run_id: str) -> MetricSender:
    """Return the sender of a run."""
    key = (workspace.id, run_id)
    sender = _senders.get(key)
    # Two threads that come first at the same time may both make one; setdefault keeps the first,
    # and the other never had a point.
    return sender or _senders.setdefault(key, _make(workspace, run_id))


def spool_of(workspace_id: str, run_id: str) -> Path:
    """Return where the points of a run wait: where its runner looks, or below the home."""
    spool = os.environ.get(SPOOL_VARIABLE)
    if spool and os.environ.get(RUN_VARIABLE) == run_id:
        return Path(spool)
    return spools_of(workspace_id) / run_id


def _make(workspace: WorkspaceClient, run_id: str) -> MetricSender:
    def send(batch: BatchIn) -> BatchOut:
        # The sender has a patience of its own, and must hear at once that the server is away.
        stored = workspace.metrics.send(run_id, batch, patience=0.0)
        heart.heard(workspace.id, run_id)
        return stored

    return MetricSender(send, spool_of(workspace.id, run_id))
