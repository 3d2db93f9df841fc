"""What runs read and made over HTTP."""

from collections.abc import Sequence
from typing import Final

from litestar import get, post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.datasets import DataUse, DataUseList, DataUseOut

from zaffre.domain.access import Permission
from zaffre.domain.data_uses import KnownUse
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.datasets import from_use, to_new_use

_OF_RUN = "/workspaces/{workspace:str}/runs/{run:str}/data"
_OF_DATASET = "/workspaces/{workspace:str}/datasets/{dataset:str}/uses"


@post(_OF_RUN, permission=Permission.RUNS_WRITE, status_code=200)
async def note_data_use(call: Call, workspace: str, run: str, data: DataUse) -> DataUseOut:
    """Keep that a run read or made data; the same direction and name again replaces it."""
    new = to_new_use(data)
    return from_use(
        await call.write(lambda s: s.data_uses.put(workspace, run, new, caller=call.caller))
    )


@get(_OF_RUN, permission=Permission.RUNS_READ)
async def list_data_of_run(
    call: Call, workspace: str, run: str, limit: Limit = 1000, after: str | None = None
) -> DataUseList:
    """List what a run read and made, oldest first."""
    pages = Pages(call, "data of run", workspace, run, limit=limit)
    place = int(pages.place(after) or 0)
    read = await call.read(
        lambda s: s.data_uses.of_run(
            workspace, run, caller=call.caller, limit=pages.read_limit, after=place
        )
    )
    return _listed(pages, read)


@get(_OF_DATASET, permission=Permission.RUNS_READ)
async def list_uses_of_dataset(
    call: Call, workspace: str, dataset: str, limit: Limit = 1000, after: str | None = None
) -> DataUseList:
    """List which runs read or made a version, oldest first."""
    pages = Pages(call, "uses of dataset", workspace, dataset, limit=limit)
    place = int(pages.place(after) or 0)
    read = await call.read(
        lambda s: s.data_uses.of_dataset(
            workspace, dataset, caller=call.caller, limit=pages.read_limit, after=place
        )
    )
    return _listed(pages, read)


def _listed(pages: Pages, read: Sequence[tuple[int, KnownUse]]) -> DataUseList:
    page, following = pages.cut(read, lambda use: use[0])
    return DataUseList(value=[from_use(known) for _, known in page], next=following)


ROUTES: Final[list[ControllerRouterHandler]] = [
    note_data_use,
    list_data_of_run,
    list_uses_of_dataset,
]
