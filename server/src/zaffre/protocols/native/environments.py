"""Environments over HTTP."""

from typing import Annotated, Final

from litestar import get, post, put
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.environments import (
    EnvironmentIn,
    EnvironmentList,
    EnvironmentOut,
    LabelsIn,
)

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call
from zaffre.protocols.native.translate.environments import from_environment, to_new_environment

_ALL = "/workspaces/{workspace:str}/environments"
Curated = Annotated[bool, QueryParameter(description="Those too that every workspace knows")]


@post(_ALL, permission=Permission.ENVIRONMENTS_WRITE, status_code=200)
async def register_environment(call: Call, workspace: str, data: EnvironmentIn) -> EnvironmentOut:
    """Register a version; one that equals the newest is answered instead."""
    new = to_new_environment(data)
    return await call.write_once(
        EnvironmentOut,
        lambda s: from_environment(s.environments.register(workspace, new, caller=call.caller)),
    )


@get(_ALL, permission=Permission.ENVIRONMENTS_READ)
async def list_environments(
    call: Call, workspace: str, *, curated: Curated = False
) -> EnvironmentList:
    """List the newest version of each environment, by name."""
    found = await call.read(
        lambda s: s.environments.list(workspace, caller=call.caller, with_curated=curated)
    )
    return EnvironmentList(value=[from_environment(environment) for environment in found])


@get(f"{_ALL}/{{name:str}}", permission=Permission.ENVIRONMENTS_READ)
async def show_environment(
    call: Call, workspace: str, name: str, version: str | None = None, label: str | None = None
) -> EnvironmentOut:
    """Answer that version of an environment, the one that a label points at, or the newest."""
    found = await call.read(
        lambda s: s.environments.get(
            workspace, name, caller=call.caller, version=version, label=label
        )
    )
    return from_environment(found)


@put(f"{_ALL}/{{name:str}}/labels", permission=Permission.ENVIRONMENTS_WRITE)
async def label_environment(
    call: Call, workspace: str, name: str, data: LabelsIn
) -> EnvironmentOut:
    """Point labels at a version, away from others."""
    return from_environment(
        await call.write(
            lambda s: s.environments.label(
                workspace, name, version=data.version, labels=data.labels, caller=call.caller
            )
        )
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    register_environment,
    list_environments,
    show_environment,
    label_environment,
]
