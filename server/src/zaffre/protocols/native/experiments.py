"""Experiments over HTTP."""

from typing import Final

from litestar import get, patch, post, put
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.experiments import (
    ExperimentChange,
    ExperimentIn,
    ExperimentList,
    ExperimentOut,
)

from zaffre.base.text import shown
from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.experiments import from_experiment
from zaffre.services.experiments import ExperimentChange as Change

_ALL = "/workspaces/{workspace:str}/experiments"
_ONE = "/workspaces/{workspace:str}/experiments/{name:str}"


@put(_ONE, permission=Permission.EXPERIMENTS_WRITE)
async def ensure_experiment(
    call: Call, workspace: str, name: str, data: ExperimentIn
) -> ExperimentOut:
    """Create the experiment of this name unless it exists, and answer it."""
    if data.name != name:
        raise InvalidError(
            "NameMismatch",
            f"The body names {shown(data.name)}, the address {shown(name)}.",
            target="name",
        )
    found = await call.write(
        lambda s: s.experiments.ensure(workspace, name, caller=call.caller, tags=data.tags)
    )
    return from_experiment(found)


@post(_ALL, permission=Permission.EXPERIMENTS_WRITE, status_code=200)
async def ensure_named_experiment(call: Call, workspace: str, data: ExperimentIn) -> ExperimentOut:
    """Create the experiment of this name unless it exists, and answer it; for any name."""
    found = await call.write(
        lambda s: s.experiments.ensure(workspace, data.name, caller=call.caller, tags=data.tags)
    )
    return from_experiment(found)


@get(_ALL, permission=Permission.EXPERIMENTS_READ)
async def list_experiments(
    call: Call,
    workspace: str,
    limit: Limit = 100,
    after: str | None = None,
    name: str | None = None,
) -> ExperimentList:
    """List experiments by name; or the one of exactly this name, which an address may not hold."""
    if name is not None:
        one = await call.read(lambda s: s.experiments.find(workspace, name, caller=call.caller))
        return ExperimentList(value=[] if one is None else [from_experiment(one)])
    pages = Pages(call, "experiments", workspace, limit=limit)
    place = pages.place(after)
    read = await call.read(
        lambda s: s.experiments.list(
            workspace, caller=call.caller, limit=pages.read_limit, after=place
        )
    )
    page, following = pages.cut(read, lambda experiment: experiment.name)
    return ExperimentList(value=[from_experiment(found) for found in page], next=following)


@get(_ONE, permission=Permission.EXPERIMENTS_READ)
async def show_experiment(call: Call, workspace: str, name: str) -> ExperimentOut:
    """Answer an experiment, by its name or its id."""
    return from_experiment(
        await call.read(lambda s: s.experiments.get(workspace, name, caller=call.caller))
    )


@patch(_ONE, permission=Permission.EXPERIMENTS_WRITE)
async def change_experiment(
    call: Call, workspace: str, name: str, data: ExperimentChange
) -> ExperimentOut:
    """Change what is given; an archived experiment takes no new runs."""
    change = Change(tags=data.tags, description=data.description, archived=data.archived)
    changed = await call.write(
        lambda s: s.experiments.change(
            workspace,
            name,
            change,
            caller=call.caller,
        )
    )
    return from_experiment(changed)


ROUTES: Final[list[ControllerRouterHandler]] = [
    ensure_experiment,
    ensure_named_experiment,
    list_experiments,
    show_experiment,
    change_experiment,
]
