"""What runners ask and tell about the attempt that they drive."""

from typing import Final

from litestar import post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.runs import (
    AttemptBeat,
    AttemptEnd,
    AttemptOrders,
    AttemptStart,
    AttemptStarted,
    Resources,
    RunOut,
)

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call
from zaffre.protocols.native.translate.runs import (
    from_run,
    from_run_spec,
    to_run_error,
    to_run_state,
)
from zaffre.services.beats import take_beat

_ATTEMPT: Final = "/workspaces/{workspace:str}/runs/{run:str}/attempt"


@post(f"{_ATTEMPT}/start", permission=Permission.RUNS_DRIVE, status_code=200)
async def start_attempt(
    call: Call, workspace: str, run: str, data: AttemptStart
) -> AttemptStarted:
    """Give leave to start the user's process: once for each attempt, to one runner."""
    started = await call.write(
        lambda s: s.attempts.start(
            call.caller, workspace, run, attempt=data.attempt, runner=data.runner
        )
    )
    call.house.beats.note(workspace, run, data.attempt)
    return AttemptStarted(
        run_id=started.run.id,
        experiment=started.run.experiment_name,
        spec=from_run_spec(started.run.spec),
        python=started.python,
        variables=started.variables,
        nodes=list(started.nodes),
        resources=Resources(
            cores=started.resources.cores,
            memory_mb=started.resources.memory_mb,
            gpus=started.resources.gpus,
        ),
        max_seconds=started.max_seconds,
        image=started.image,
        log_path=_log_path(started.restarts),
    )


@post(f"{_ATTEMPT}/beat", permission=Permission.RUNS_DRIVE, status_code=200)
async def beat_attempt(call: Call, workspace: str, run: str, data: AttemptBeat) -> AttemptOrders:
    """Take a sign of life, and answer what the runner is to do."""
    cancel = await take_beat(
        call.house.work,
        call.house.beats,
        caller=call.caller,
        workspace_id=workspace,
        run_id=run,
        attempt=data.attempt,
        state=to_run_state(data.state),
    )
    return AttemptOrders(cancel=cancel)


@post(f"{_ATTEMPT}/end", permission=Permission.RUNS_DRIVE, status_code=200)
async def end_attempt(call: Call, workspace: str, run: str, data: AttemptEnd) -> RunOut:
    """End the run as its runner says, after everything else was sent."""
    outcome, error = to_run_state(data.outcome), to_run_error(data.error)
    ended = await call.write(
        lambda s: s.attempts.end(
            call.caller, workspace, run, attempt=data.attempt, outcome=outcome, error=error
        )
    )
    call.logs.wake((workspace, run))
    return from_run(ended)


def _log_path(restarts: int) -> str:
    """Return where the output belongs: what a run wrote before it was taken away is kept."""
    return f"user_logs/retry_{restarts}/std_log.txt" if restarts else "user_logs/std_log.txt"


ROUTES: Final[list[ControllerRouterHandler]] = [start_attempt, beat_attempt, end_attempt]
