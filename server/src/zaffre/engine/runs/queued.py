"""Queued: waiting for a free slot."""

from collections.abc import Sequence

from zaffre.domain.runs import Run, RunState
from zaffre.engine.runs.parts import Parts


def admit(runs: Sequence[Run], *, slots: int) -> list[Run]:
    """Return the queued runs whose turn has come, the oldest first.

    Args:
        runs: Every run past the queue, and as many of those in it as there are slots, the oldest
            first.
        slots: How many may be past the queue at once.
    """
    waiting = [run for run in runs if run.state is RunState.QUEUED]
    free = slots - (len(runs) - len(waiting))
    return waiting[: max(free, 0)]


async def step(parts: Parts, run: Run) -> bool:
    """Take the run out of the queue."""
    await parts.work.write(lambda s: s.attempts.move(run, state=RunState.PREPARING))
    return True
