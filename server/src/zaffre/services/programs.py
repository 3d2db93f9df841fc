"""Interactive runs whose programs say now and then that they live.

Nobody else watches such a run: when its program is killed, it would be running for ever. Only
runs that were created with the promise to beat are watched; those of other clients are left alone.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from zaffre.domain.access import Principal
from zaffre.domain.errors import NotFoundError
from zaffre.domain.runs import HEARTBEAT_LOST, Run, RunError, RunState
from zaffre.ports.stores import Stores
from zaffre.services.access import writable_run
from zaffre.services.context import Context
from zaffre.services.runs import finish

_Key = tuple[str, str]


class Programs:
    """When programs were last heard of: in memory, by a clock that never goes back.

    As with `Beats`, a restart of the server gives each of them a fresh time of grace.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._heard: dict[_Key, float] = {}

    def expect(self, workspace_id: str, run_id: str) -> None:
        """Begin to watch a run, unless it is watched already."""
        self._heard.setdefault((workspace_id, run_id), self._monotonic())

    def hear(self, workspace_id: str, run_id: str) -> None:
        """Note a sign of life of a run, if it is watched."""
        if (workspace_id, run_id) in self._heard:
            self._heard[workspace_id, run_id] = self._monotonic()

    def silent(self, seconds: float) -> dict[_Key, float]:
        """Return the watched runs that were silent for longer, and for how long."""
        now = self._monotonic()
        return {key: now - at for key, at in self._heard.items() if now - at > seconds}

    def forget(self, workspace_id: str, run_id: str) -> None:
        """Watch a run no longer."""
        self._heard.pop((workspace_id, run_id), None)


class ProgramService:
    """Use cases of programs that drive runs, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def open(self) -> list[Run]:
        """Return the runs of every workspace that are to be watched."""
        return self._stores.runs.promised()

    def beating(
        self, workspace_id: str, run_ids: Iterable[str], *, caller: Principal
    ) -> list[Run]:
        """Return those of the runs that are watched, or were until they seemed lost."""
        found = (self._find(workspace_id, run_id, caller) for run_id in run_ids)
        return [
            run for run in found if run is not None and run.beats and (run.is_lost or run.is_open)
        ]

    def reopen(self, lost: Iterable[Run]) -> None:
        """Take back that runs were lost: their program spoke again, as after a sleep."""
        now = self._context.clock.now()
        for seen in lost:
            run = self._stores.runs.get(seen.workspace_id, seen.id)
            if run.is_lost:
                self._stores.runs.save(run.restate(RunState.RUNNING, at=now))
        self._stores.after_commit(lambda: self._context.wakeup.hint("runs"))

    def lose(self, workspace_id: str, run_id: str, *, heard_at: datetime) -> None:
        """End a run whose program was silent for too long; one that has ended stays as it is."""
        run = self._stores.runs.get(workspace_id, run_id)
        if run.is_terminal:
            return
        words = (
            f"The program of this run was last heard of at {heard_at:%Y-%m-%d %H:%M:%S} UTC: it "
            "was killed, or its machine sleeps. It may go on logging when it comes back."
        )
        error = RunError(code=HEARTBEAT_LOST, message=words)
        finish(self._stores, self._context, run, RunState.FAILED, error=error)

    def _find(self, workspace_id: str, run_id: str, caller: Principal) -> Run | None:
        try:
            return writable_run(self._stores, workspace_id, run_id, caller=caller)
        except NotFoundError:
            return None
