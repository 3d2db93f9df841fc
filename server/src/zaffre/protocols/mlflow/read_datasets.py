"""Which datasets the runs of experiments read."""

from typing import Any, Final

import msgspec

from zaffre.domain.access import Permission
from zaffre.domain.errors import InvalidError
from zaffre.domain.inputs import ReadDataset
from zaffre.protocols.mlflow.call import MlflowCall
from zaffre.protocols.mlflow.ids import DEFAULT_ID, find_default
from zaffre.protocols.mlflow.routes import Route, route
from zaffre.services.work import Services

_MAX_EXPERIMENTS: Final = 20
_MAX_DATASETS: Final = 1000


class SearchDatasets(msgspec.Struct):
    """Which experiments."""

    experiment_ids: list[str] | None = None


async def search_datasets(call: MlflowCall, body: SearchDatasets) -> dict[str, Any]:
    """List the datasets that runs read, each once for what it was read for."""
    asked = list(dict.fromkeys(body.experiment_ids or ()))
    _check_count(len(asked))

    def find(services: Services) -> list[dict[str, str]]:
        default = find_default(services, call.workspace, caller=call.caller)
        default_id = None if default is None else default.id
        ids = [default_id or one if one == DEFAULT_ID else one for one in asked]
        found = services.inputs.datasets(
            call.workspace, ids, caller=call.caller, limit=_MAX_DATASETS
        )
        return [_out(one, default_id) for one in found]

    return {"dataset_summaries": await call.read(find)}


def _check_count(count: int) -> None:
    if not count:
        raise InvalidError(
            "MissingField",
            "SearchDatasets request must specify at least one experiment_id.",
            target="experiment_ids",
        )
    if count > _MAX_EXPERIMENTS:
        raise InvalidError(
            "TooManyExperiments",
            f"SearchDatasets request cannot specify more than {_MAX_EXPERIMENTS} experiment_ids. "
            f"Received {count} experiment_ids.",
            target="experiment_ids",
        )


def _out(read: ReadDataset, default_id: str | None) -> dict[str, str]:
    is_default = read.experiment_id == default_id
    out = {
        "experiment_id": DEFAULT_ID if is_default else read.experiment_id,
        "name": read.name,
        "digest": read.digest,
    }
    return out if read.context is None else out | {"context": read.context}


ROUTES: Final[list[Route]] = [
    route(
        "POST",
        "/api/2.0/mlflow/experiments/search-datasets",
        search_datasets,
        Permission.RUNS_READ,
        shape=SearchDatasets,
    ),
]
