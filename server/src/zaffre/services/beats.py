"""When runners were last heard of: in memory, by a clock that never goes back."""

from collections.abc import Callable

from zaffre.domain.access import Principal
from zaffre.domain.runs import RunState
from zaffre.services.work import Work

_Key = tuple[str, str, int]


class Beats:
    """The last sign of life of every runner.

    It is not stored. After a restart of the server every runner is given a fresh time of grace,
    from the first look at it: silence while nobody listened says nothing.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._heard: dict[_Key, float] = {}

    def note(self, workspace_id: str, run_id: str, attempt: int) -> None:
        """Note a sign of life of one attempt."""
        self._heard[workspace_id, run_id, attempt] = self._monotonic()

    def silence(self, workspace_id: str, run_id: str, attempt: int) -> float:
        """Return for how many seconds the attempt was silent; the first look starts the count."""
        now = self._monotonic()
        return now - self._heard.setdefault((workspace_id, run_id, attempt), now)

    def keep_only(self, keys: set[_Key]) -> None:
        """Forget every attempt but these."""
        for key in self._heard.keys() - keys:
            del self._heard[key]


async def take_beat(  # noqa: PLR0913 (one beat, as it arrives at a door)
    work: Work,
    beats: Beats,
    *,
    caller: Principal,
    workspace_id: str,
    run_id: str,
    attempt: int,
    state: RunState,
) -> bool:
    """Take a beat and tell whether the run is to be canceled.

    Beats come often, so nothing is written unless the state of the run changes.

    Raises:
        NotFoundError: `RunNotFound`.
        ConflictError: `StaleAttempt`.
    """
    run = await work.read(lambda s: s.attempts.beaten(caller, workspace_id, run_id, attempt))
    beats.note(workspace_id, run_id, attempt)
    if run.state not in {state, RunState.CANCEL_REQUESTED}:
        run = await work.write(
            lambda s: s.attempts.beat(caller, workspace_id, run_id, attempt=attempt, state=state)
        )
    return run.state is RunState.CANCEL_REQUESTED
