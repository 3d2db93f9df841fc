"""The pages of data: datasets and datastores, one dataset with who read and made it."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, Response, get

from zaffre.domain.access import Permission, Principal
from zaffre.domain.datasets import Dataset
from zaffre.protocols.http.call import Call
from zaffre.protocols.studio.data_words import (
    kind_in_words,
    place_in_words,
    reading_in_words,
    steps_in_words,
    types_in_words,
)
from zaffre.protocols.studio.pages import MAX_ROWS, render
from zaffre.services.work import Services

_W: Final = "/workspaces/{workspace:str}"


@get(_W + "/data", permission=Permission.DATA_READ, include_in_schema=False)
async def data_page(call: Call, request: Request[Any, Any, Any], workspace: str) -> Response[str]:
    """List the datasets by name, and the datastores."""

    def read(services: Services) -> dict[str, Any]:
        found = services.datasets.list(workspace, caller=call.caller, limit=MAX_ROWS)
        return {
            "workspace": services.workspaces.get(workspace, caller=call.caller),
            "datasets": [(dataset, kind_in_words(dataset.definition)) for dataset in found],
            "datastores": services.datastores.list(workspace, caller=call.caller),
        }

    return render(request, "data.html", await call.read(read))


@get(_W + "/data/{dataset:str}", permission=Permission.DATA_READ, include_in_schema=False)
async def dataset_page(
    call: Call,
    request: Request[Any, Any, Any],
    workspace: str,
    dataset: str,
    *,
    check: bool = False,
) -> Response[str]:
    """Show a version of a dataset; with `check` its files are compared with what they were."""
    shown = await call.read(lambda s: _shown(s, workspace, dataset, caller=call.caller))
    changes = None
    if check:
        changes = await call.house.dataset_marks.changes(workspace, dataset, caller=call.caller)
    return render(request, "dataset.html", {**shown, "changes": changes})


def _shown(
    services: Services, workspace: str, dataset_id: str, *, caller: Principal
) -> dict[str, Any]:
    dataset, marks = services.datasets.marks(workspace, dataset_id, caller=caller, limit=MAX_ROWS)
    definition = dataset.definition
    versions: Sequence[Dataset] = ()
    if dataset.is_registered and dataset.name:
        versions = services.datasets.versions(
            workspace, dataset.name, caller=caller, limit=MAX_ROWS
        )
    these = (workspace, dataset_id)
    uses = services.data_uses.of_dataset(*these, caller=caller, limit=MAX_ROWS)
    return {
        "workspace": services.workspaces.get(workspace, caller=caller),
        "dataset": dataset,
        "kind": kind_in_words(definition),
        "places": [place_in_words(place) for place in definition.places],
        "reading": reading_in_words(definition),
        "steps": steps_in_words(definition),
        "types": types_in_words(definition),
        "marks": marks,
        "versions": versions,
        "uses": [known for _, known in uses],
        "models": services.data_uses.models_of(*these, caller=caller, limit=MAX_ROWS),
    }
