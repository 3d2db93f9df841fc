"""Use cases of metrics."""

from zaffre.domain.access import Principal
from zaffre.domain.metrics import (
    MIN_STEP,
    MetricBatch,
    MetricPoint,
    MetricSummary,
    check_batch,
)
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_run, writable_run
from zaffre.services.context import Context


class MetricService:
    """Use cases of metrics, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def append(
        self,
        workspace_id: str,
        run_id: str,
        batch: MetricBatch,
        *,
        caller: Principal,
        is_lenient: bool = False,
    ) -> bool:
        """Store what a run logged; tell whether it was new.

        Args:
            workspace_id: Where the run is.
            run_id: The run.
            batch: The points.
            caller: Who logs.
            is_lenient: Take points of a run that has ended, and steps below 0, too.

        Raises:
            ConflictError: `RunIsTerminal`.
            InvalidError: What `check_batch` refuses; `RunArchived`.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        if is_lenient:
            run.check_listed()
        else:
            run.check_open()
        checked = check_batch(batch, least_step=MIN_STEP if is_lenient else 0)
        return self._stores.metrics.append(run, checked)

    def summaries(
        self, workspace_id: str, run_id: str, *, caller: Principal
    ) -> list[MetricSummary]:
        """Return every metric of the run, in order of first appearance."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.metrics.summaries(run)

    def entries(
        self,
        workspace_id: str,
        run_id: str,
        *,
        caller: Principal,
        limit: int,
        name: str | None = None,
        after: int = -1,
    ) -> list[tuple[int, MetricPoint]]:
        """Return entries of one metric, or of all, in order of arrival with their positions."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        if name is None:
            return self._stores.metrics.entries(run, limit=limit, after=after)
        return self._stores.metrics.points(run, name, limit=limit, after=after)

    def sample(
        self, workspace_id: str, run_id: str, name: str, *, caller: Principal, size: int
    ) -> list[tuple[int, MetricPoint]]:
        """Return at most `size` entries of a metric spread evenly, with both ends."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.metrics.sample(run, name, size=size)

    def sample_steps(
        self,
        workspace_id: str,
        run_id: str,
        name: str,
        *,
        caller: Principal,
        size: int,
        steps: tuple[int, int] | None = None,
    ) -> list[tuple[int, MetricPoint]]:
        """Return at most `size` entries of a metric spread evenly in order of their steps."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.metrics.sample_steps(run, name, size=size, steps=steps)
