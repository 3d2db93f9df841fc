"""All processes that a runner starts for one run, and their end as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from zaffre_sdk.runner.command import ProcessPlan, RankPlan
from zaffre_sdk.runner.process import Children, Leash, UserProcess
from zaffre_sdk.runner.ranks import RankEnd, Ranks


class Output(NamedTuple):
    """What one process writes, and the log of the run that it belongs to."""

    log_path: str
    stream: IO[bytes]


class Ended(NamedTuple):
    """The process whose end decides about the run."""

    plan: ProcessPlan
    exit_code: int


class ProcessGroup:
    """Processes that end together: the first that fails ends the others.

    What serves others, such as a parameter server, is ended when those have ended.

    Args:
        plans: What is started.
        folder: Where.
        ranks: What lies there is for processes that `mpirun` starts.
        leash: Says what the processes of a node are tied to.

    Attributes:
        outputs: What they write.
    """

    def __init__(
        self,
        plans: Sequence[ProcessPlan],
        *,
        folder: Path,
        ranks: Path,
        leash: Callable[[int | None], Leash],
    ) -> None:
        self.outputs: list[Output] = []
        self._children = Children()
        self._started: list[tuple[ProcessPlan, UserProcess]] = []
        self._ranks = Ranks(ranks)
        self._end: Ended | None = None
        try:
            for plan in plans:
                if plan.ranks:
                    self._lay(plan.ranks, leash)
                process = self._children.start(
                    plan.argv, folder=folder, environ=plan.environ, leash=leash(plan.node)
                )
                self.outputs.append(Output(plan.log_path, process.output))
                self._started.append((plan, process))
        except BaseException:
            self.terminate(grace=0.0)
            self.close_outputs()
            raise

    def wait(self, seconds: float) -> bool:
        """Wait for some time; tell whether it is decided how the run ends."""
        with self._children.news:
            decided = self._children.news.wait_for(self._is_decided, seconds)
            if decided:
                # What is ended from now on ends because of this.
                self._end = self._end or self._first_end()
            return decided

    def end(self) -> Ended | None:
        """Return what decides: the first failure, or the end of the first process."""
        return self._end or self._first_end()

    def terminate(self, *, grace: float) -> None:
        """Ask all of them to end, and kill them after `grace` seconds."""
        left = [process for _, process in self._started if not process.has_ended]
        for process in left:
            process.ask_to_end()
        with self._children.news:
            self._children.news.wait_for(lambda: all(each.has_ended for each in left), grace)
        for process in left:
            if not process.has_ended:
                process.kill()

    def failed_rank(self, said: str) -> RankEnd | None:
        """Return which process of an MPI job failed first; `said` is what `mpirun` wrote."""
        return self._ranks.first_failure(said)

    def close_outputs(self) -> None:
        """Let the readers of outputs come to their end; no process is left that writes."""
        self._ranks.close()

    def _lay(self, plans: Sequence[RankPlan], leash: Callable[[int | None], Leash]) -> None:
        tied = [Leash() if plan.node is None else leash(plan.node) for plan in plans]
        self._ranks.lay(plans, tied)
        self.outputs += [
            Output(plan.log_path, stream) for plan, stream in zip(plans, self._ranks.outputs)
        ]

    def _first_end(self) -> Ended | None:
        failed = [
            (process.order, plan, process.exit_code)
            for plan, process in self._started
            if process.exit_code
        ]
        if failed:
            _, plan, exit_code = min(failed)
            return Ended(plan, exit_code)
        plan, process = self._started[0]
        rank = self._ranks.first_failure("")
        if rank is not None:
            return Ended(plan, rank.exit_code)
        return None if process.exit_code is None else Ended(plan, process.exit_code)

    def _is_decided(self) -> bool:
        if any(process.exit_code for _, process in self._started) or self._ranks.have_failed():
            return True
        return all(process.has_ended for plan, process in self._started if not plan.is_server)
