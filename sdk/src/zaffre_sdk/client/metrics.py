"""The metrics of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.wire.metrics import (
    BatchIn,
    BatchOut,
    EntryList,
    EntryOut,
    MetricList,
    MetricOut,
)


class Metrics:
    """Send and read metrics; MessagePack both ways keeps NaN and infinities as they are."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = f"{root}/runs"

    def send(self, run_id: str, batch: BatchIn, *, patience: float | None = None) -> BatchOut:
        """Store a batch; one that was stored before is acknowledged and not stored again.

        Args:
            run_id: The run.
            batch: The points.
            patience: How many seconds to try again while the server is away.
        """
        return self._transport.call(
            "POST",
            self._path(run_id),
            answer=BatchOut,
            body=batch,
            packed=True,
            patience=patience,
        )

    def summaries(self, run_id: str) -> Sequence[MetricOut]:
        """Return every metric at a glance, in order of first appearance."""
        path = self._path(run_id)
        return self._transport.call("GET", path, answer=MetricList, packed=True).value

    def entries(self, run_id: str, *, name: str | None = None) -> Iterator[EntryOut]:
        """Yield every log call, or those of one metric, in order of arrival."""
        path = f"{self._path(run_id)}/entries"
        query = {"name": name}
        for page in self._transport.pages(path, answer=EntryList, query=query, packed=True):
            yield from page.value

    def sample(self, run_id: str, name: str, *, size: int = 1000) -> Sequence[EntryOut]:
        """Return at most `size` entries of a metric that show its course."""
        return self._transport.call(
            "GET",
            f"{self._path(run_id)}/sample",
            answer=EntryList,
            query={"name": name, "size": size},
            packed=True,
        ).value

    def _path(self, run_id: str) -> str:
        return f"{self._root}/{quoted(run_id)}/metrics"
