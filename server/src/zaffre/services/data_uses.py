"""Use cases of what runs read and made: the lineage of data."""

from collections.abc import Sequence
from dataclasses import dataclass

from zaffre.base.text import shown
from zaffre.domain.access import Principal
from zaffre.domain.data_uses import DataUse, KnownUse, UseDirection, UseMode
from zaffre.domain.errors import InvalidError
from zaffre.domain.labels import check_text
from zaffre.domain.models import Model
from zaffre.domain.names import TAG
from zaffre.ports.stores import Stores
from zaffre.services.access import seen_run, seen_workspace, writable_run
from zaffre.services.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUse:
    """What a run tells of data that it read or made."""

    name: str
    direction: UseDirection
    mode: UseMode
    dataset_id: str | None = None
    datastore: str | None = None
    path: str | None = None
    path_on_compute: str | None = None


class DataUseService:
    """Use cases of data uses, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def put(self, workspace_id: str, run_id: str, new: NewUse, *, caller: Principal) -> KnownUse:
        """Keep that a run read or made data, once for each direction and name.

        Raises:
            InvalidError: `InvalidDataUse`, or texts against the rules.
            NotFoundError: `RunNotFound` or `DatasetNotFound`.
        """
        run = writable_run(self._stores, workspace_id, run_id, caller=caller)
        use = self._checked(new)
        dataset = None
        if use.dataset_id is not None:
            dataset = self._stores.datasets.get(workspace_id, use.dataset_id)
        return KnownUse(
            use=self._stores.data_uses.put(run, use),
            run_id=run.id,
            experiment_name=run.experiment_name,
            dataset_name=dataset.name if dataset else None,
            dataset_version=dataset.version if dataset else None,
        )

    def of_run(
        self, workspace_id: str, run_id: str, *, caller: Principal, limit: int, after: int = 0
    ) -> list[tuple[int, KnownUse]]:
        """Return what a run read and made, in order of arrival."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.data_uses.of_run(run, limit=limit, after=after)

    def of_dataset(
        self, workspace_id: str, dataset_id: str, *, caller: Principal, limit: int, after: int = 0
    ) -> list[tuple[int, KnownUse]]:
        """Return which runs read or made a version, in order of arrival."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        dataset = self._stores.datasets.get(workspace_id, dataset_id)
        return self._stores.data_uses.of_dataset(dataset, limit=limit, after=after)

    def models_of(
        self, workspace_id: str, dataset_id: str, *, caller: Principal, limit: int
    ) -> Sequence[Model]:
        """Return the models that say that they come of a version, newest first."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        dataset = self._stores.datasets.get(workspace_id, dataset_id)
        return self._stores.data_uses.models_of(dataset, limit=limit)

    def _checked(self, new: NewUse) -> DataUse:
        if new.dataset_id is None and new.datastore is None:
            raise InvalidError(
                "InvalidDataUse",
                f"The use {shown(new.name)} says of no data that it was read or made.",
                target="dataset_id",
                hint="Give `dataset_id`, or `datastore` with `path`.",
            )
        for field in ("datastore", "path", "path_on_compute"):
            check_text(getattr(new, field) or "", target=field)
        return DataUse(
            name=TAG.check(new.name),
            direction=new.direction,
            mode=new.mode,
            at=self._context.clock.now(),
            dataset_id=new.dataset_id,
            datastore=new.datastore,
            path=new.path,
            path_on_compute=new.path_on_compute,
        )
