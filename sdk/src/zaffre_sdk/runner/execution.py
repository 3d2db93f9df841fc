"""The user's processes of an attempt: started within their limits, waited for, and judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from zaffre_sdk.runner.command import ProcessPlan
from zaffre_sdk.runner.group import Ended, ProcessGroup
from zaffre_sdk.runner.limits import Limits
from zaffre_sdk.runner.logs import Logs
from zaffre_sdk.runner.order import Folders
from zaffre_sdk.runner.outcome import Ending, MemoryUse, Outcome, TimeLimit, judge
from zaffre_sdk.runner.process import end_descendants
from zaffre_sdk.runner.ranks import RankEnd
from zaffre_sdk.runner.resources import ResourceMeter
from zaffre_sdk.wire.runs import AttemptStarted

if TYPE_CHECKING:
    from zaffre_sdk.runner.containers import Containers

_LOOK_SECONDS = 0.1
_LEFTOVER_GRACE = 2.0
_LEFTOVER_SECONDS = 10.0
_READ_SECONDS = 5.0


class Signs(NamedTuple):
    """What ends a run from outside.

    Attributes:
        is_unwanted: Whether it is to end.
        is_gone: Whether it is no longer this runner's, which then has no time to give.
    """

    is_unwanted: Callable[[], bool]
    is_gone: Callable[[], bool]


class Execution:
    """Runs the processes of one attempt.

    Args:
        started: What the server says.
        folders: Those of the attempt.
        logs: Take what the processes write.
        limits: What they are held to.
        meter: Measures them.
        containers: What they are in; None is this machine.
    """

    def __init__(
        self,
        started: AttemptStarted,
        folders: Folders,
        *,
        logs: Logs,
        limits: Limits,
        meter: ResourceMeter,
        containers: Containers | None = None,
    ) -> None:
        self._started = started
        self._folders = folders
        self._logs = logs
        self._limits = limits
        self._meter = meter
        self._containers = containers

    def run(self, plans: Sequence[ProcessPlan], signs: Signs, *, program: str) -> Outcome:
        """Start the processes, wait until it is decided how the run ends, and end what is left.

        Args:
            plans: What to start.
            signs: What ends the run from outside.
            program: What people call the program.

        Raises:
            OSError: A process cannot be started.
            DistributionError: The processes cannot be started as the run asks.
        """
        group = ProcessGroup(
            plans, folder=self._folders.work, ranks=self._folders.ranks, leash=self._limits.leash
        )
        try:
            self._logs.read_from(group.outputs)
            self._limits.start()
            self._meter.start()
            ending = self._seen(self._wait(group, signs), group)
        finally:
            if self._containers is not None:
                self._containers.close()
            is_hurried = signs.is_unwanted() or self._limits.is_over()
            grace = 0.0 if is_hurried else _LEFTOVER_GRACE
            end_descendants(grace=grace, seconds=_LEFTOVER_SECONDS)
            group.close_outputs()
        self._meter.stop()
        self._logs.finish_reading(seconds=_READ_SECONDS)
        ended = group.end()
        if ended is None:
            raise RuntimeError("No process of the run has ended.")
        rank = group.failed_rank(self._logs.tail(ended.plan.log_path))
        return self._judge(ending, ended, rank, program)

    def _wait(self, group: ProcessGroup, signs: Signs) -> Ending:
        """Wait until it is decided how the run ends, or end it."""
        limit = _time_limit(self._started)
        deadline = float("inf") if limit is None else time.monotonic() + limit.seconds
        patience = self._started.kill_grace_seconds
        while not group.wait(_LOOK_SECONDS):
            if self._limits.is_over():
                # It would use still more while it is asked to end.
                group.terminate(grace=0.0)
                return Ending(0, over_memory=self._limits.memory())
            over = time.monotonic() > deadline
            if over or signs.is_unwanted():
                group.terminate(grace=0.0 if signs.is_gone() else patience)
                return Ending(0, canceled=not over, over_limit=limit if over else None)
        ended = group.end()
        group.terminate(grace=patience)
        failed = ended is not None and ended.exit_code != 0
        return Ending(0, over_memory=self._limits.memory() if failed else None)

    def _seen(self, ending: Ending, group: ProcessGroup) -> Ending:
        """Add what only the engine of containers knows, as long as it knows."""
        ended = group.end()
        if self._containers is None or ended is None:
            return ending
        seen = self._containers.ended(ended.plan, ended.exit_code)
        ending = ending._replace(exit_code=seen.exit_code, is_unstarted=seen.is_unstarted)
        if seen.memory_mb is None:
            return ending
        return ending._replace(over_memory=MemoryUse(seen.memory_mb, seen.memory_mb))

    def _judge(self, ending: Ending, ended: Ended, rank: RankEnd | None, program: str) -> Outcome:
        plan = ended.plan
        exit_code = ended.exit_code if self._containers is None else ending.exit_code
        ending = ending._replace(exit_code=exit_code, peak_mb=round(self._meter.peak_mb))
        if rank is not None and rank.rank < len(plan.ranks) and ended.exit_code:
            one = plan.ranks[rank.rank]
            ending = ending._replace(
                exit_code=rank.exit_code, process=one.name, log_path=one.log_path
            )
        elif plan.name:
            ending = ending._replace(process=plan.name, log_path=plan.log_path)
        if ending.exit_code == 0 and self._limits.memory() is not None:
            self._logs.write("A process of the run was ended because the memory was used up.")
        tail = self._logs.tail(ending.log_path or plan.log_path)
        return judge(ending, program=program, tail=tail)


def _time_limit(started: AttemptStarted) -> TimeLimit | None:
    asked, allowed = started.spec.max_seconds, started.max_seconds
    seconds = asked if allowed is None else allowed
    return None if seconds is None else TimeLimit(seconds, of_run=asked == seconds)
