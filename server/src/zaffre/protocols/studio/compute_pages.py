"""The pages of compute: the targets, and one of them with its nodes and the runs there."""

from typing import Any, Final

from litestar import Request, Response, get

from zaffre.domain.access import Permission, Principal
from zaffre.domain.computes import Compute, NodeState, Power
from zaffre.protocols.http.call import Call
from zaffre.protocols.studio.pages import render
from zaffre.services.instances import entrance
from zaffre.services.work import Services

_W: Final = "/workspaces/{workspace:str}"
_GB: Final = 1024


@get(_W + "/compute", permission=Permission.COMPUTES_READ, include_in_schema=False)
async def computes_page(
    call: Call, request: Request[Any, Any, Any], workspace: str
) -> Response[str]:
    """List the compute targets by name, with what waits for each."""

    def read(services: Services) -> dict[str, Any]:
        found = services.computes.list(workspace, caller=call.caller)
        return {
            "workspace": services.workspaces.get(workspace, caller=call.caller),
            "computes": [_row(services, compute) for compute in found],
        }

    return render(request, "computes.html", await call.read(read))


@get(_W + "/compute/{name:str}", permission=Permission.COMPUTES_READ, include_in_schema=False)
async def compute_page(
    call: Call, request: Request[Any, Any, Any], workspace: str, name: str
) -> Response[str]:
    """Show a compute target: its nodes, what executes there and what waits."""
    shown = await call.read(lambda s: _shown(s, workspace, name, caller=call.caller))
    return render(request, "compute.html", shown)


@get(_W + "/compute/{name:str}/open", permission=Permission.COMPUTES_USE, include_in_schema=False)
async def open_instance(
    call: Call, request: Request[Any, Any, Any], workspace: str, name: str
) -> Response[str]:
    """Send a browser that is known here to the program of an instance, with a code."""
    compute = await call.read(lambda s: s.computes.get(workspace, name, caller=call.caller))
    header = request.headers.get("cookie", "")
    code = request.app.state.studio_sessions.offer_code(call.caller, within=header)
    location = entrance((compute.workspace_id, compute.name), code)
    if compute.power is not Power.RUNNING:
        location = f"/studio/workspaces/{compute.workspace_id}/compute/{compute.name}"
    return Response("", status_code=303, headers={"location": location}, media_type="text/html")


def _shown(services: Services, workspace: str, name: str, *, caller: Principal) -> dict[str, Any]:
    compute = services.computes.get(workspace, name, caller=caller)
    going, waiting = services.scheduling.runs_of(compute)
    return {
        "workspace": services.workspaces.get(workspace, caller=caller),
        **_row(services, compute),
        "resources": _resources_in_words(compute),
        "served": services.computes.services(compute),
        "going": going,
        "waiting": waiting,
    }


def _row(services: Services, compute: Compute) -> dict[str, Any]:
    held = sum(node.state is NodeState.RUNNING for node in compute.nodes)
    return {
        "compute": compute,
        "state": compute.power or compute.state,
        "held": held,
        "queued": services.computes.waiting(compute),
    }


def _resources_in_words(compute: Compute) -> str:
    found = compute.resources
    if found.cores is None or found.memory_mb is None:
        return "what the machine has"
    gpus = f", {found.gpus} GPUs" if found.gpus else ""
    return f"{found.cores} cores, {found.memory_mb / _GB:g} GB{gpus}"
