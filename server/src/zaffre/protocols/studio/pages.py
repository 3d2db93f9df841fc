"""The pages of the studio: read-only views for people who logged in."""

from collections.abc import Callable
from typing import Annotated, Any

from jinja2 import Environment
from litestar import Request, Response, get
from litestar.params import Parameter
from litestar.response import Redirect, Stream
from zaffre_sdk.tracking.watching import main_log

from zaffre.domain.access import Permission
from zaffre.domain.artifacts import Artifact
from zaffre.domain.errors import missing
from zaffre.ports.stores import RunFilter
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import RawFile
from zaffre.protocols.http.streaming import blob_answer, relative
from zaffre.protocols.studio.views import image_type, view_run
from zaffre.services.models import ModelFilter
from zaffre.services.work import Services

MAX_ROWS = 200
LOG_TAIL = 64 * 1024
LOG_WAIT_SECONDS = 5.0
"""A run that ends in the moment before the waiting begins is seen to have ended so much later."""
_W = "/workspaces/{workspace:str}"


def render(request: Request[Any, Any, Any], page: str, shown: dict[str, Any]) -> Response[str]:
    """Return a page with its values in."""
    templates: Environment = request.app.state.studio_templates
    values = {"workspace": None, "caller": request.user, **shown}
    return Response(templates.get_template(page).render(values), media_type="text/html")


@get("/", permission=Permission.WORKSPACES_READ, include_in_schema=False)
async def home(call: Call, request: Request[Any, Any, Any]) -> Response[str]:
    """List the workspaces."""
    workspaces = await call.read(lambda s: s.workspaces.list(caller=call.caller))
    return render(request, "home.html", {"workspaces": workspaces})


@get(
    "/of/{subscription:str}/{group:str}/{name:str}",
    permission=Permission.WORKSPACES_READ,
    include_in_schema=False,
)
async def named_workspace(call: Call, subscription: str, group: str, name: str) -> Redirect:
    """Lead to a workspace by its name; what an address says behind `#` comes along."""

    def read(services: Services) -> str:
        found = services.workspaces.list(
            caller=call.caller, subscription_id=subscription, resource_group=group, name=name
        )
        if not found:
            raise missing("workspace", name)
        return found[0].id

    return Redirect(f"/studio/workspaces/{await call.read(read)}")


@get(_W, permission=Permission.RUNS_READ, include_in_schema=False)
async def workspace_page(
    call: Call, request: Request[Any, Any, Any], workspace: str
) -> Response[str]:
    """Show the experiments and the newest runs of a workspace."""

    def read(services: Services) -> dict[str, Any]:
        return {
            "workspace": services.workspaces.get(workspace, caller=call.caller),
            "experiments": services.experiments.list(
                workspace, caller=call.caller, limit=MAX_ROWS
            ),
            "runs": services.runs.list(workspace, RunFilter(), caller=call.caller, limit=25),
        }

    return render(request, "workspace.html", await call.read(read))


@get(_W + "/experiments/{name:str}", permission=Permission.RUNS_READ, include_in_schema=False)
async def experiment_page(
    call: Call, request: Request[Any, Any, Any], workspace: str, name: str
) -> Response[str]:
    """List the runs of an experiment, given by its id or its name."""

    def read(services: Services) -> dict[str, Any]:
        experiment = services.experiments.get(workspace, name, caller=call.caller)
        where = RunFilter(experiment_name=experiment.name)
        return {
            "workspace": services.workspaces.get(workspace, caller=call.caller),
            "experiment": experiment,
            "runs": services.runs.list(workspace, where, caller=call.caller, limit=MAX_ROWS),
        }

    return render(request, "experiment.html", await call.read(read))


@get(_W + "/runs/{run:str}", permission=Permission.RUNS_READ, include_in_schema=False)
async def run_page(
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    run: str,
    *,
    log: str = "",
) -> Response[str]:
    """Show a run: state, metrics, pictures, one of its logs, files, details."""
    view = await call.read(lambda s: view_run(s, workspace, run, caller=call.caller))
    owner = (workspace, run)
    logs = {log.path: log.size for log in await call.logs.list(owner)}
    path = log if log in logs else main_log(logs) or next(iter(logs), "")
    end = logs.get(path, 0)
    start = max(0, end - LOG_TAIL)
    tail = await call.logs.read(owner, path, start, limit=LOG_TAIL) if path else b""
    texts = {
        "log_path": path,
        "log_paths": list(logs),
        "log_end": start + len(tail),
        "log_text": tail.decode("utf-8", "replace"),
    }
    return render(request, "run.html", view.shown() | texts)


@get(
    _W + "/runs/{run:str}/logs/{path:path}",
    permission=Permission.RUNS_READ,
    include_in_schema=False,
)
async def run_log(
    call: Call,
    workspace: str,
    run: str,
    path: str,
    offset: Annotated[int, Parameter(ge=0, le=2**53)] = 0,
) -> Response[bytes]:
    """Return more of a log as it comes, and whether the run has ended."""
    now = await call.read(lambda s: s.runs.get(workspace, run, caller=call.caller))
    wait = 0.0 if now.is_terminal else LOG_WAIT_SECONDS
    more = await call.logs.read(
        (workspace, run), relative(path), offset, limit=LOG_TAIL, wait=wait
    )
    now = await call.read(lambda s: s.runs.get(workspace, run, caller=call.caller))
    ended = "true" if now.is_terminal else "false"
    return Response(more, headers={"x-zaffre-ended": ended}, media_type="text/plain")


@get(
    _W + "/runs/{run:str}/files/{path:path}",
    permission=Permission.RUNS_READ,
    include_in_schema=False,
)
async def run_file(
    call: Call, request: Request[Any, Any, Any], workspace: str, run: str, path: str
) -> Stream:
    """Send a file of a run: pictures to look at, everything else to save."""

    def read(services: Services) -> Artifact:
        return services.artifacts.get(workspace, run, relative(path), caller=call.caller)

    artifact = await call.read(read)
    answer = await blob_answer(call, request, RawFile(artifact.digest, artifact.path))
    picture = image_type(artifact.path)
    if picture:
        answer.media_type = picture
        answer.headers["content-disposition"] = "inline"
    return answer


@get(_W + "/models", permission=Permission.MODELS_READ, include_in_schema=False)
async def models_page(
    call: Call, request: Request[Any, Any, Any], workspace: str
) -> Response[str]:
    """List the model versions."""
    read = _list(
        workspace,
        call,
        "models",
        lambda s: s.models.list(workspace, ModelFilter(), caller=call.caller, limit=MAX_ROWS),
    )
    return render(request, "models.html", await call.read(read))


@get(_W + "/endpoints", permission=Permission.ENDPOINTS_READ, include_in_schema=False)
async def endpoints_page(
    call: Call, request: Request[Any, Any, Any], workspace: str
) -> Response[str]:
    """List the endpoints."""
    read = _list(
        workspace, call, "endpoints", lambda s: s.endpoints.list(workspace, caller=call.caller)
    )
    return render(request, "endpoints.html", await call.read(read))


def _list(
    workspace: str, call: Call, name: str, read: Callable[[Services], list[Any]]
) -> Callable[[Services], dict[str, Any]]:
    def both(services: Services) -> dict[str, Any]:
        return {
            "workspace": services.workspaces.get(workspace, caller=call.caller),
            name: read(services),
        }

    return both
