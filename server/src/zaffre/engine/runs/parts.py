"""What the steps of runs are made of: the ports they use, and their limits."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from zaffre.base.clock import Clock
from zaffre.domain.runs import Run, RunError, RunState
from zaffre.engine.wakeup import EngineWakeup
from zaffre.ports.builders import EnvironmentBuilder
from zaffre.ports.launchers import Launcher
from zaffre.ports.logs import LogStore
from zaffre.services.beats import Beats
from zaffre.services.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """How much, and how long.

    Attributes:
        local_slots: How many runs execute at once outside of clusters.
        max_nodes: How many nodes all clusters may have together; None is without limit.
        tick_seconds: How often the engine looks without a hint.
        probe_seconds: A runner that is silent this long is asked for at its launcher.
        silence_seconds: A runner that lives and is silent this long does not respond.
        start_grace_seconds: How long a runner without a handle may take to ask for its start.
        start_seconds: The same for a runner that is known to live.
        max_attempts: How many runners may die before one of them started the user's process.
        cancel_seconds: How long a runner may take to end a canceled run: the time of grace that
            it gives the user's process, and ten seconds.
    """

    local_slots: int = 4
    max_nodes: int | None = None
    tick_seconds: float = 1.0
    probe_seconds: float = 5.0
    silence_seconds: float = 30.0
    start_grace_seconds: float = 5.0
    start_seconds: float = 60.0
    max_attempts: int = 3
    cancel_seconds: float = 20.0


class Stopwatches:
    """For how long things have been as they are, counted from the first look at each."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._first: dict[Hashable, float] = {}

    def seconds(self, thing: Hashable) -> float:
        """Return the seconds since the first look at `thing`."""
        now = self._monotonic()
        return now - self._first.setdefault(thing, now)

    def keep_only(self, things: set[Hashable]) -> None:
        """Forget all others."""
        for thing in self._first.keys() - things:
            del self._first[thing]


def _a_usual_one(_environ: Mapping[str, str]) -> Sequence[int]:
    """Return what is taken to be there where nobody looks."""
    return (17,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Everything that a step may use.

    Attributes:
        cancels: How long runs have been asked to end.
        server_url: Where runners on this machine reach the server.
        base_image: That of runs that ask for a container and name no image; empty is none.
        javas: Returns the numbers of the Javas that this machine has for an environment.
    """

    work: Work
    beats: Beats
    launcher: Launcher
    builder: EnvironmentBuilder
    logs: LogStore
    wakeup: EngineWakeup
    cancels: Stopwatches
    clock: Clock
    server_url: str
    base_image: str = ""
    javas: Callable[[Mapping[str, str]], Sequence[int]] = _a_usual_one
    limits: RunLimits = field(default_factory=RunLimits)

    async def finish(self, run: Run, state: RunState, error: RunError | None = None) -> None:
        """End a run that is still as it was seen, and tell those who read its logs.

        Raises:
            ConflictError: `RunChanged`.
        """
        await self.work.write(lambda s: s.attempts.move(run, state=state, error=error))
        self.logs.wake(owner_of(run))


def owner_of(run: Run) -> tuple[str, str]:
    """Return the owner of the logs of a run."""
    return run.workspace_id, run.id
