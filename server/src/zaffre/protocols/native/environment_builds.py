"""Builds of environments over HTTP, and what lies built on this machine."""

from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.environments import (
    BuildIn,
    BuildList,
    BuildOut,
    BuiltList,
    PruneIn,
    PruneOut,
)

from zaffre.domain.access import Permission
from zaffre.domain.environments import BUILD_LOG
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import OCTETS
from zaffre.protocols.native.translate.environments import from_build, from_used, to_pruning

_OF: Final = "/workspaces/{workspace:str}/environments/{name:str}/builds"
_ONE: Final = "/workspaces/{workspace:str}/environment-builds/{build:str}"
_BUILT: Final = "/built-environments"
_MAX_BYTES: Final = 1 << 20

Offset = Annotated[int, QueryParameter(ge=0, le=1 << 60, description="The first byte")]
Wait = Annotated[
    float, QueryParameter(ge=0, le=60, description="How long to wait for the first byte")
]


@post(_OF, permission=Permission.ENVIRONMENTS_WRITE, status_code=202)
async def build_environment(call: Call, workspace: str, name: str, data: BuildIn) -> BuildOut:
    """Have a version built; one that is being built is answered as it is."""
    return from_build(
        await call.write(
            lambda s: s.environment_builds.start(
                workspace, name, caller=call.caller, version=data.version
            )
        )
    )


@get(_OF, permission=Permission.ENVIRONMENTS_READ)
async def list_builds(
    call: Call, workspace: str, name: str, version: str | None = None
) -> BuildList:
    """List the builds of a version, the newest first."""
    found = await call.read(
        lambda s: s.environment_builds.list(workspace, name, caller=call.caller, version=version)
    )
    return BuildList(value=[from_build(build) for build in found])


@get(_ONE, permission=Permission.ENVIRONMENTS_READ)
async def show_build(call: Call, workspace: str, build: str) -> BuildOut:
    """Answer how far a build is."""
    return from_build(
        await call.read(lambda s: s.environment_builds.get(workspace, build, caller=call.caller))
    )


@get(f"{_ONE}/log", permission=Permission.ENVIRONMENTS_READ)
async def read_build_log(
    call: Call, workspace: str, build: str, *, offset: Offset = 0, wait: Wait = 0
) -> Response[bytes]:
    """Answer what a build said from a byte on, waiting for some while it goes on.

    The state in the headers is older than the bytes.
    """
    found = await call.read(
        lambda s: s.environment_builds.get(workspace, build, caller=call.caller)
    )
    seconds = 0.0 if found.is_over or call.changes.stopping else wait
    owner = found.workspace_id, found.id
    data = await call.logs.read(owner, BUILD_LOG, offset, limit=_MAX_BYTES, wait=seconds)
    return Response(data, media_type=OCTETS, headers={"x-zaffre-build-state": found.state})


@get(_BUILT, permission=Permission.SERVER_READ)
async def list_built(call: Call) -> BuiltList:
    """List what lies built on this machine, the one that was used last first."""
    return BuiltList(value=[from_used(used) for used in await call.house.pruner.everything()])


@post(f"{_BUILT}/prune", permission=Permission.SERVER_MANAGE, status_code=200)
async def prune_built(call: Call, data: PruneIn) -> PruneOut:
    """Remove what nothing uses; whoever needs one of them again builds it anew."""
    now = call.house.clock.now()
    gone = await call.house.pruner.prune(to_pruning(data), now=now, dry_run=data.dry_run)
    return PruneOut(
        removed=[from_used(used) for used in gone],
        bytes_freed=sum(used.kept.size for used in gone),
    )


ROUTES: Final[list[ControllerRouterHandler]] = [
    build_environment,
    list_builds,
    show_build,
    read_build_log,
    list_built,
    prune_built,
]
