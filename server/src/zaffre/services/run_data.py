"""The data that runs are given: whether it is there when they are created."""

from zaffre.domain.access import Principal
from zaffre.domain.runs import RunSpec
from zaffre.ports.stores import Stores
from zaffre.services.context import Context
from zaffre.services.datasets import DatasetService
from zaffre.services.datastores import DatastoreService


def check_data(
    stores: Stores, context: Context, workspace_id: str, spec: RunSpec, *, caller: Principal
) -> None:
    """Refuse a run whose data is not there, before it waits for its turn.

    Raises:
        NotFoundError: `DatasetNotFound`, or `DatastoreNotFound`, listing those there are.
    """
    datasets = DatasetService(stores, context)
    for dataset_id in sorted({one.dataset_id for one in spec.inputs if one.dataset_id}):
        datasets.get(workspace_id, dataset_id, caller=caller)
    datastores = DatastoreService(stores, context)
    named = {one.datastore for one in spec.inputs} | {one.datastore for one in spec.outputs}
    for name in sorted(filter(None, named)):
        datastores.get(workspace_id, name, caller=caller)
