"""What runs read and made, in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects import sqlite

from zaffre.adapters.sql.rows import columns_of, values_of
from zaffre.adapters.sql.stores.params import key_of_run
from zaffre.adapters.sql.tables import data_uses, datasets, models, runs
from zaffre.domain.data_uses import DataUse, KnownUse
from zaffre.domain.datasets import Dataset
from zaffre.domain.models import Model
from zaffre.domain.runs import Run

_THIS: Final = ("run_key", "direction", "name")
_new = sqlite.insert(data_uses)
_put = _new.on_conflict_do_update(
    index_elements=list(_THIS),
    set_={
        c.name: _new.excluded[c.name] for c in data_uses.c if c.name not in {*_THIS, "key", "at"}
    },
).returning(data_uses.c.at)
_fields = columns_of(data_uses, DataUse)
_NAMES = tuple(column.name for column in _fields)
_select = (
    select(
        data_uses.c.key,
        runs.c.id,
        runs.c.experiment_name,
        datasets.c.name,
        datasets.c.version,
        *_fields,
    )
    .join(runs, runs.c.key == data_uses.c.run_key)
    .outerjoin(
        datasets,
        and_(
            datasets.c.workspace_id == runs.c.workspace_id,
            datasets.c.id == data_uses.c.dataset_id,
        ),
    )
    .where(data_uses.c.key > bindparam("after"), runs.c.workspace_id == bindparam("workspace"))
    .order_by(data_uses.c.key)
    .limit(bindparam("most"))
)
_of_run = _select.where(runs.c.id == bindparam("run"))
_of_dataset = _select.where(data_uses.c.dataset_id == bindparam("dataset"))
_referred = func.json_each(models.c.datasets).table_valued("value")
_models_of = (
    select(*columns_of(models, Model))
    .where(
        models.c.workspace_id == bindparam("workspace"),
        models.c.datasets != literal_column("'[]'"),
        select(literal(1))
        .select_from(_referred)
        .where(func.json_extract(_referred.c.value, "$.dataset_id") == bindparam("dataset"))
        .exists(),
    )
    .order_by(models.c.key.desc())
    .limit(bindparam("most"))
)


class SqlDataUseStore:
    """Implements `ports.datasets.DataUseStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, run: Run, use: DataUse) -> DataUse:
        """Keep it in place of the one of that direction and name, and return it as it is kept."""
        values = {"run_key": key_of_run(self._connection, run)} | values_of(data_uses, use)
        return replace(use, at=self._connection.execute(_put, values).scalar_one())

    def of_run(self, run: Run, *, limit: int, after: int = 0) -> list[tuple[int, KnownUse]]:
        """Return those of a run in order of arrival."""
        these = {"workspace": run.workspace_id, "run": run.id, "most": limit, "after": after}
        return self._known(_of_run, these)

    def of_dataset(
        self, dataset: Dataset, *, limit: int, after: int = 0
    ) -> list[tuple[int, KnownUse]]:
        """Return those of a version in order of arrival."""
        these = {"workspace": dataset.workspace_id, "dataset": dataset.id}
        return self._known(_of_dataset, these | {"most": limit, "after": after})

    def models_of(self, dataset: Dataset, *, limit: int) -> Sequence[Model]:
        """Return the models, without files, that say that they come of a version."""
        these = {"workspace": dataset.workspace_id, "dataset": dataset.id, "most": limit}
        rows = self._connection.execute(_models_of, these).mappings()
        return [Model(**row, files=()) for row in rows]

    def _known(
        self, statement: "Select[Any]", these: dict[str, Any]
    ) -> list[tuple[int, KnownUse]]:
        return [_use_of(row) for row in self._connection.execute(statement, these)]


def _use_of(row: "Row[Any]") -> tuple[int, KnownUse]:
    key, run_id, experiment_name, name, version, *fields = tuple(row)
    return key, KnownUse(
        use=DataUse(**dict(zip(_NAMES, fields, strict=True))),
        run_id=run_id,
        experiment_name=experiment_name,
        dataset_name=name,
        dataset_version=version,
    )
