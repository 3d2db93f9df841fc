"""Compute targets over HTTP."""

from typing import Final

from litestar import delete, get, patch, post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.computes import (
    ComputeChange,
    ComputeIn,
    ComputeList,
    ComputeOut,
    NodeList,
    VmSizeList,
)

from zaffre.domain.access import Permission
from zaffre.domain.computes import Compute, Power
from zaffre.domain.vm_sizes import VM_SIZES
from zaffre.protocols.http.call import Call
from zaffre.protocols.native.translate.computes import (
    from_compute,
    from_node,
    from_vm_size,
    to_compute_change,
    to_new_compute,
)
from zaffre.services.work import Services

_ALL: Final = "/workspaces/{workspace:str}/computes"
_ONE: Final = f"{_ALL}/{{name:str}}"


@get(_ALL, permission=Permission.COMPUTES_READ)
async def list_computes(call: Call, workspace: str) -> ComputeList:
    """List compute targets by name; `local`, which is always there, is not among them."""

    def read(services: Services) -> ComputeList:
        found = services.computes.list(workspace, caller=call.caller)
        return ComputeList(value=[_out(services, compute) for compute in found])

    return await call.read(read)


@post(_ALL, permission=Permission.COMPUTES_MANAGE)
async def create_compute(call: Call, workspace: str, data: ComputeIn) -> ComputeOut:
    """Create or attach a compute target; its credential is sealed, and never answered."""
    new = to_new_compute(data)
    return await call.write_once(
        ComputeOut,
        lambda s: _out(s, s.computes.create(workspace, new, caller=call.caller)),
    )


@get(_ONE, permission=Permission.COMPUTES_READ)
async def show_compute(call: Call, workspace: str, name: str) -> ComputeOut:
    """Answer a compute target as it is now, without its secrets."""
    return await call.read(lambda s: _out(s, s.computes.get(workspace, name, caller=call.caller)))


@patch(_ONE, permission=Permission.COMPUTES_MANAGE)
async def change_compute(call: Call, workspace: str, name: str, data: ComputeChange) -> ComputeOut:
    """Change what is given; a tag of null is removed."""
    change = to_compute_change(data)
    return await call.write(
        lambda s: _out(s, s.computes.change(workspace, name, change, caller=call.caller))
    )


@delete(_ONE, permission=Permission.COMPUTES_MANAGE)
async def delete_compute(call: Call, workspace: str, name: str) -> None:
    """Delete or detach a compute target where no run waits or executes."""
    await call.write(lambda s: s.computes.delete(workspace, name, caller=call.caller))


@get(f"{_ONE}/nodes", permission=Permission.COMPUTES_READ)
async def list_nodes(call: Call, workspace: str, name: str) -> NodeList:
    """List the nodes of a cluster, with the runs that hold them."""
    found = await call.read(lambda s: s.computes.get(workspace, name, caller=call.caller))
    return NodeList(value=[from_node(node) for node in found.nodes])


@post(
    f"{_ONE}/nodes/{{node:str}}/preempt",
    permission=Permission.COMPUTES_MANAGE,
    status_code=200,
)
async def preempt_node(call: Call, workspace: str, name: str, node: str) -> ComputeOut:
    """Take a node away; the run that holds it is ended there and waits for another."""

    def write(services: Services) -> ComputeOut:
        compute = services.scheduling.preempt(workspace, name, node, caller=call.caller)
        return _out(services, compute)

    return await call.write(write)


@post(f"{_ONE}/start", permission=Permission.COMPUTES_USE, status_code=200)
async def start_compute(call: Call, workspace: str, name: str) -> ComputeOut:
    """Start an instance."""
    return await _turn(call, workspace, name, Power.STARTING)


@post(f"{_ONE}/stop", permission=Permission.COMPUTES_USE, status_code=200)
async def stop_compute(call: Call, workspace: str, name: str) -> ComputeOut:
    """Stop an instance; what lies in its folder stays."""
    return await _turn(call, workspace, name, Power.STOPPING)


@post(f"{_ONE}/restart", permission=Permission.COMPUTES_USE, status_code=200)
async def restart_compute(call: Call, workspace: str, name: str) -> ComputeOut:
    """Stop an instance and start it again."""
    return await _turn(call, workspace, name, Power.RESTARTING)


@get("/vm-sizes", permission=Permission.SERVER_READ)
async def list_vm_sizes(call: Call) -> VmSizeList:  # noqa: ARG001 - every handler is given its call
    """List the sizes that nodes may have."""
    return VmSizeList(value=[from_vm_size(size) for size in VM_SIZES.values()])


async def _turn(call: Call, workspace: str, name: str, power: Power) -> ComputeOut:
    return await call.write(
        lambda s: _out(s, s.computes.turn(workspace, name, power, caller=call.caller))
    )


def _out(services: Services, compute: Compute) -> ComputeOut:
    computes = services.computes
    return from_compute(
        compute, queued=computes.waiting(compute), services=computes.services(compute)
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    list_computes,
    create_compute,
    show_compute,
    change_compute,
    delete_compute,
    list_nodes,
    preempt_node,
    start_compute,
    stop_compute,
    restart_compute,
    list_vm_sizes,
]
