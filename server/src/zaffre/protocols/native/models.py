"""Models over HTTP."""

from typing import Any, Final

from litestar import Request, delete, get, patch, post
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.models import ModelChange, ModelIn, ModelList, ModelOut

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.files import RawFile
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.http.streaming import blob_answer, relative
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.models import (
    from_model,
    to_model_datasets,
    to_new_model,
)
from zaffre.services.models import ModelFilter

_ALL = "/workspaces/{workspace:str}/models"
_ONE = "/workspaces/{workspace:str}/models/{model:str}"


@post(_ALL, permission=Permission.MODELS_WRITE)
async def register_model(call: Call, workspace: str, data: ModelIn) -> ModelOut:
    """Register the next version of a model."""
    new = to_new_model(data)
    return await call.write_once(
        ModelOut, lambda s: from_model(s.models.register(workspace, new, caller=call.caller))
    )


@get(_ALL, permission=Permission.MODELS_READ)
async def list_models(  # noqa: PLR0913 - one parameter for each filter
    call: Call,
    workspace: str,
    *,
    name: str | None = None,
    run: str | None = None,
    newest: bool = False,
    limit: Limit = 100,
    after: str | None = None,
) -> ModelList:
    """List model versions, newest first; with `newest` one version of each name."""
    where = ModelFilter(name=name, run_id=run, newest_only=newest)
    pages = Pages(call, "models", workspace, where, limit=limit)
    place = pages.place(after)
    read = await call.read(
        lambda s: s.models.list(
            workspace, where, caller=call.caller, limit=pages.read_limit, after=place
        )
    )
    page, following = pages.cut(read, lambda model: model.id)
    return ModelList(value=[from_model(found) for found in page], next=following)


@get(_ONE, permission=Permission.MODELS_READ)
async def show_model(call: Call, workspace: str, model: str) -> ModelOut:
    """Answer `name:version`, or the newest version of `name`."""
    return from_model(
        await call.read(lambda s: s.models.get(workspace, model, caller=call.caller))
    )


@patch(_ONE, permission=Permission.MODELS_WRITE)
async def change_model(call: Call, workspace: str, model: str, data: ModelChange) -> ModelOut:
    """Change what is given; a tag of null is removed, properties and datasets are added."""
    changed = await call.write(
        lambda s: s.models.change(
            workspace,
            model,
            caller=call.caller,
            description=data.description,
            tags=data.tags,
            properties=data.properties,
            datasets=to_model_datasets(data.datasets),
        )
    )
    return from_model(changed)


@delete(_ONE, permission=Permission.MODELS_WRITE)
async def delete_model(call: Call, workspace: str, model: str) -> None:
    """Delete a version that no endpoint uses."""
    await call.write(lambda s: s.models.delete(workspace, model, caller=call.caller))


@get(f"{_ONE}/files/{{path:path}}", permission=Permission.MODELS_READ)
async def download_model_file(
    call: Call, request: Request[Any, Any, Any], workspace: str, model: str, path: str
) -> Stream:
    """Answer the bytes of one file of a model."""
    place = relative(path)
    file = await call.read(
        lambda s: s.models.get_file(workspace, model, place, caller=call.caller)
    )
    return await blob_answer(call, request, RawFile(file.digest, file.path))


ROUTES: Final[list[ControllerRouterHandler]] = [
    register_model,
    list_models,
    show_model,
    change_model,
    delete_model,
    download_model_file,
]
