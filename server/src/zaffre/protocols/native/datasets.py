"""Datasets over HTTP."""

from typing import Final

from litestar import delete, get, patch, post
from litestar.types import ControllerRouterHandler
from zaffre_sdk.wire.datasets import (
    DatasetChange,
    DatasetChanges,
    DatasetIn,
    DatasetList,
    DatasetMarks,
    DatasetOut,
)

from zaffre.domain.access import Permission
from zaffre.protocols.http.call import Call
from zaffre.protocols.http.paging import Limit
from zaffre.protocols.native.pages import Pages
from zaffre.protocols.native.translate.datasets import (
    from_changes,
    from_dataset,
    from_mark,
    to_new_dataset,
)

_ALL = "/workspaces/{workspace:str}/datasets"
_ONE = "/workspaces/{workspace:str}/datasets/{dataset:str}"
_NAME = "/workspaces/{workspace:str}/dataset-names/{name:str}"


@post(_ALL, permission=Permission.DATA_WRITE)
async def register_dataset(call: Call, workspace: str, data: DatasetIn) -> DatasetOut:
    """Register the next version of a dataset, or keep a definition without a name."""
    new = to_new_dataset(data)
    async with call.house.dataset_marks.taken(workspace, new, caller=call.caller) as listing:
        return await call.write_once(
            DatasetOut,
            lambda s: from_dataset(
                s.datasets.register(workspace, new, listing, caller=call.caller)
            ),
        )


@get(_ALL, permission=Permission.DATA_READ)
async def list_datasets(
    call: Call, workspace: str, limit: Limit = 100, after: str | None = None
) -> DatasetList:
    """List the newest version of each name, by name."""
    pages = Pages(call, "datasets", workspace, limit=limit)
    place = pages.place(after)
    read = await call.read(
        lambda s: s.datasets.list(
            workspace, caller=call.caller, limit=pages.read_limit, after=place
        )
    )
    page, following = pages.cut(read, lambda dataset: dataset.name)
    return DatasetList(value=[from_dataset(found) for found in page], next=following)


@get(_ONE, permission=Permission.DATA_READ)
async def show_dataset(call: Call, workspace: str, dataset: str) -> DatasetOut:
    """Answer a version by its id, registered or not."""
    return from_dataset(
        await call.read(lambda s: s.datasets.get(workspace, dataset, caller=call.caller))
    )


@patch(_ONE, permission=Permission.DATA_WRITE)
async def change_dataset(
    call: Call, workspace: str, dataset: str, data: DatasetChange
) -> DatasetOut:
    """Change description or tags of a version; a tag of null is removed."""
    changed = await call.write(
        lambda s: s.datasets.change(
            workspace,
            dataset,
            caller=call.caller,
            description=data.description,
            tags=data.tags,
        )
    )
    return from_dataset(changed)


@get(f"{_NAME}/versions", permission=Permission.DATA_READ)
async def list_dataset_versions(
    call: Call, workspace: str, name: str, limit: Limit = 100, after: str | None = None
) -> DatasetList:
    """List the versions of a name, newest first."""
    pages = Pages(call, "dataset versions", workspace, name, limit=limit)
    place = pages.place(after)
    read = await call.read(
        lambda s: s.datasets.versions(
            workspace,
            name,
            caller=call.caller,
            limit=pages.read_limit,
            after=None if place is None else int(place),
        )
    )
    page, following = pages.cut(read, lambda dataset: dataset.version)
    return DatasetList(value=[from_dataset(found) for found in page], next=following)


@get(f"{_NAME}/versions/{{version:str}}", permission=Permission.DATA_READ)
async def show_dataset_version(call: Call, workspace: str, name: str, version: str) -> DatasetOut:
    """Answer a version of a name by its number, or the newest, `latest`."""
    return from_dataset(
        await call.read(lambda s: s.datasets.version(workspace, name, version, caller=call.caller))
    )


@delete(_NAME, permission=Permission.DATA_WRITE)
async def unregister_dataset(call: Call, workspace: str, name: str) -> None:
    """Take a name from all its versions, which can still be read by their ids."""
    await call.write(lambda s: s.datasets.unregister(workspace, name, caller=call.caller))


@get(f"{_ONE}/changes", permission=Permission.DATA_READ)
async def show_dataset_changes(call: Call, workspace: str, dataset: str) -> DatasetChanges:
    """Compare the files of a version with what they were when it was registered."""
    return from_changes(
        await call.house.dataset_marks.changes(workspace, dataset, caller=call.caller)
    )


@get(f"{_ONE}/marks", permission=Permission.DATA_READ)
async def list_dataset_marks(
    call: Call, workspace: str, dataset: str, limit: Limit = 1000, after: str | None = None
) -> DatasetMarks:
    """List the files of a version as they were when it was registered."""
    pages = Pages(call, "dataset marks", workspace, dataset, limit=limit)
    start = int(pages.place(after) or 0)
    _, read = await call.read(
        lambda s: s.datasets.marks(
            workspace, dataset, caller=call.caller, limit=pages.read_limit, start=start
        )
    )
    page, following = pages.cut(read, lambda _: start + limit)
    return DatasetMarks(value=[from_mark(mark) for mark in page], next=following)


ROUTES: Final[list[ControllerRouterHandler]] = [
    register_dataset,
    list_datasets,
    show_dataset,
    change_dataset,
    list_dataset_versions,
    show_dataset_version,
    unregister_dataset,
    show_dataset_changes,
    list_dataset_marks,
]
