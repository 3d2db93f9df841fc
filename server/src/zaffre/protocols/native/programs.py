"""What programs that drive runs say now and then: that they live."""

from typing import Final

from litestar import post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.runs import BeatsIn, BeatsOut

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call


@post("/workspaces/{workspace:str}/beats", permission=Permission.RUNS_WRITE, status_code=200)
async def beat_runs(call: Call, workspace: str, data: BeatsIn) -> BeatsOut:
    """Take a sign of life of runs that were created with `beats`; a lost one is running again."""
    found = await call.read(lambda s: s.programs.beating(workspace, data.runs, caller=call.caller))
    programs = call.house.programs
    lost = [run for run in found if run.is_lost]
    if lost:
        await call.write(lambda s: s.programs.reopen(lost))
    for run in found:
        programs.expect(workspace, run.id)
        programs.hear(workspace, run.id)
    beating = {run.id for run in found}
    return BeatsOut(ended=[run_id for run_id in data.runs if run_id not in beating])


ROUTES: Final[list[ControllerRouterHandler]] = [beat_runs]
