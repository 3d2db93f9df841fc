"""Versions of datasets in SQL."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite

from zaffre.adapters.sql.rows import columns_of, entity_of, values_of
from zaffre.adapters.sql.tables import dataset_files, dataset_names, datasets
from zaffre.domain.datasets import Dataset, FileMark, Listing
from zaffre.domain.errors import missing

_AT_ONCE: Final = 500
_DRAFT: Final = ""
"""In the place of digests: nothing is found by it."""
_select = select(*columns_of(datasets, Dataset)).where(
    datasets.c.workspace_id == bindparam("workspace")
)
_by_id = _select.where(datasets.c.id == bindparam("dataset"))
_registered = _select.where(datasets.c.unregistered_at.is_(None))
_of_name = _registered.where(datasets.c.name == bindparam("called"))
_newest_first = _of_name.order_by(datasets.c.version.desc())
_makers = (
    select(datasets.c.created_by)
    .where(
        datasets.c.workspace_id == bindparam("workspace"),
        datasets.c.name == bindparam("called"),
        datasets.c.unregistered_at.is_(None),
    )
    .distinct()
)
_nameless = _select.where(
    datasets.c.definition_digest == bindparam("definition_digest"),
    datasets.c.marks_digest == bindparam("marks_digest"),
    datasets.c.name.is_(None),
)
_newest_of_names = (
    select(datasets.c.name, func.max(datasets.c.version).label("version"))
    .where(
        datasets.c.workspace_id == bindparam("workspace"),
        datasets.c.name > bindparam("after"),
        datasets.c.unregistered_at.is_(None),
    )
    .group_by(datasets.c.name)
    .order_by(datasets.c.name)
    .limit(bindparam("most"))
    .subquery()
)
_newest = _select.join(
    _newest_of_names,
    and_(
        datasets.c.name == _newest_of_names.c.name,
        datasets.c.version == _newest_of_names.c.version,
    ),
).order_by(datasets.c.name)
_of_run = _select.where(
    datasets.c.run_id == bindparam("run"), datasets.c.name.is_not(None)
).order_by(datasets.c.key)
_key = select(datasets.c.key).where(
    datasets.c.workspace_id == bindparam("workspace"), datasets.c.id == bindparam("dataset")
)
_draft_key = _key.where(datasets.c.definition_digest == _DRAFT)
_drafts = select(*columns_of(datasets, Dataset)).where(datasets.c.definition_digest == _DRAFT)
_erase = delete(dataset_files).where(
    dataset_files.c.dataset_key == bindparam("of"),
    dataset_files.c.start.in_(
        select(dataset_files.c.start)
        .where(dataset_files.c.dataset_key == bindparam("of"))
        .limit(bindparam("most"))
    ),
)
_marks = (
    select(dataset_files.c.start, dataset_files.c.marks)
    .where(
        dataset_files.c.dataset_key == _key.scalar_subquery(),
        dataset_files.c.start > bindparam("before"),
    )
    .order_by(dataset_files.c.start)
)
_this = (
    datasets.c.workspace_id == bindparam("workspace"),
    datasets.c.id == bindparam("dataset"),
)
_save = update(datasets).where(*_this)
_save_draft = _save.where(datasets.c.definition_digest == _DRAFT)
_unregister = update(datasets).where(
    datasets.c.workspace_id == bindparam("workspace"),
    datasets.c.name == bindparam("called"),
    datasets.c.unregistered_at.is_(None),
)
_insert = insert(datasets).returning(datasets.c.key)
_next_version = (
    sqlite.insert(dataset_names)
    .values(last_version=1)
    .on_conflict_do_update(
        index_elements=list(dataset_names.primary_key.columns),
        set_={"last_version": dataset_names.c.last_version + 1},
    )
    .returning(dataset_names.c.last_version)
)


class SqlDatasetStore:
    """Implements `ports.datasets.DatasetStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, dataset: Dataset, listing: Listing) -> Dataset:
        """Add it with what its files are, and return it with its number if it has a name."""
        if dataset.name is not None:
            name = {"workspace_id": dataset.workspace_id, "name": dataset.name}
            version = self._connection.execute(_next_version, name).scalar_one()
            dataset = replace(dataset, version=version)
        digests = {
            "definition_digest": dataset.definition.digest,
            # Only what has no name is found again by its files.
            "marks_digest": "" if dataset.name else listing.digest,
        }
        if listing.draft_id is not None:
            whole = replace(dataset, id=listing.draft_id)
            this = {"workspace": dataset.workspace_id, "dataset": listing.draft_id}
            values = this | values_of(datasets, whole) | digests
            if not self._connection.execute(_save_draft, values).rowcount:
                raise missing("dataset", whole.id)
            return whole
        key = self._insert(dataset, digests)
        self._put(key, listing.marks, 0)
        return dataset

    def begin(self, dataset: Dataset) -> None:
        """Add it as a draft: without a name, and without what it would be found by."""
        unnamed = replace(dataset, name=None, version=None)
        self._insert(unnamed, {"definition_digest": _DRAFT, "marks_digest": _DRAFT})

    def extend(self, dataset: Dataset, marks: Sequence[FileMark], *, start: int) -> None:
        """Keep files of a draft."""
        key = self._connection.execute(_key, _id_of(dataset)).scalar_one_or_none()
        if key is None:
            raise missing("dataset", dataset.id)  # Its workspace was deleted meanwhile.
        self._put(key, marks, start)

    def discard(self, dataset: Dataset, *, most: int) -> bool:
        """Remove so many files of a draft; tell whether nothing is left, if it still is one."""
        key = self._connection.execute(_draft_key, _id_of(dataset)).scalar_one_or_none()
        if key is None:
            return True
        rows = max(1, most // _AT_ONCE)
        if self._connection.execute(_erase, {"of": key, "most": rows}).rowcount < rows:
            self._connection.execute(delete(datasets).where(datasets.c.key == key))
            return True
        return False

    def drafts(self) -> Sequence[Dataset]:
        """Return all drafts of all workspaces."""
        return self._all(_drafts, {})

    def get(self, workspace_id: str, dataset_id: str) -> Dataset:
        """Return it by its id, registered or not."""
        this = {"workspace": workspace_id, "dataset": dataset_id}
        row = self._connection.execute(_by_id, this).one_or_none()
        if row is None:
            raise missing("dataset", dataset_id)
        return entity_of(Dataset, row)

    def find(self, workspace_id: str, name: str, version: int | None) -> Dataset | None:
        """Return that version of a name, or the newest."""
        statement = _newest_first.limit(1)
        if version is not None:
            statement = _of_name.where(datasets.c.version == version)
        found = self._all(statement, {"workspace": workspace_id, "called": name})
        return found[0] if found else None

    def find_nameless(self, wanted: Dataset, digest: str) -> Dataset | None:
        """Return what was kept without a name and is equal to `wanted`."""
        these = {
            "workspace": wanted.workspace_id,
            "definition_digest": wanted.definition.digest,
            "marks_digest": digest,
        }
        for found in self._all(_nameless, these):
            if _said(found) == _said(wanted):
                return found
        return None

    def list(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Dataset]:
        """Return the newest version of each name by name, those behind the name `after`."""
        these = {"workspace": workspace_id, "after": after or "", "most": limit}
        return [*self._all(_newest, these)]

    def versions(
        self, workspace_id: str, name: str, *, limit: int, after: int | None = None
    ) -> Sequence[Dataset]:
        """Return the versions of a name, newest first, those below the number `after`."""
        statement = _newest_first.limit(limit)
        if after is not None:
            statement = statement.where(datasets.c.version < after)
        return self._all(statement, {"workspace": workspace_id, "called": name})

    def makers(self, dataset: Dataset) -> Sequence[str]:
        """Return who made the versions of its name, each but once."""
        this = {"workspace": dataset.workspace_id, "called": dataset.name}
        return self._connection.execute(_makers, this).scalars().all()

    def of_run(self, workspace_id: str, run_id: str, *, limit: int) -> Sequence[Dataset]:
        """Return what a run registered, oldest first."""
        return self._all(_of_run.limit(limit), {"workspace": workspace_id, "run": run_id})

    def marks(
        self, dataset: Dataset, *, limit: int | None = None, start: int = 0
    ) -> Sequence[FileMark]:
        """Return what its files were, from a place on."""
        return [*self._marks(dataset, start, dataset.files if limit is None else limit)]

    def save(self, dataset: Dataset) -> None:
        """Replace description and tags."""
        values = {
            "workspace": dataset.workspace_id,
            "dataset": dataset.id,
            "description": dataset.description,
            "tags": dataset.tags,
        }
        if not self._connection.execute(_save, values).rowcount:
            raise missing("dataset", dataset.id)

    def unregister(self, dataset: Dataset) -> None:
        """Take the name away from all its versions."""
        values = {
            "workspace": dataset.workspace_id,
            "called": dataset.name,
            "unregistered_at": dataset.unregistered_at,
        }
        self._connection.execute(_unregister, values)

    def _insert(self, dataset: Dataset, digests: dict[str, str]) -> int:
        values = values_of(datasets, dataset) | digests
        key: int = self._connection.execute(_insert, values).scalar_one()
        return key

    def _put(self, key: int, marks: Sequence[FileMark], before: int) -> None:
        rows = [
            {
                "dataset_key": key,
                "start": before + start,
                "marks": _row(marks[start : start + _AT_ONCE]),
            }
            for start in range(0, len(marks), _AT_ONCE)
        ]
        if rows:
            self._connection.execute(insert(dataset_files), rows)

    def _all(self, statement: "Select[Any]", values: dict[str, Any]) -> Sequence[Dataset]:
        return [entity_of(Dataset, row) for row in self._connection.execute(statement, values)]

    def _marks(self, dataset: Dataset, start: int, limit: int) -> Iterator[FileMark]:
        """Yield marks; those of a row before `start` are passed over."""
        rows = -(-(start % _AT_ONCE + limit) // _AT_ONCE)
        these = {
            "workspace": dataset.workspace_id,
            "dataset": dataset.id,
            "before": start - _AT_ONCE,
        }
        left = limit
        for first, row in self._connection.execute(_marks.limit(rows), these):
            for store, path, size, mark, digest in row[max(start - first, 0) :][:left]:
                yield FileMark(path, size, mark, store, digest)
                left -= 1


def _row(marks: Sequence[FileMark]) -> list[tuple[str | None, str, int, str, str]]:
    return [(mark.datastore, mark.path, mark.size, mark.mark, mark.digest) for mark in marks]


def _id_of(dataset: Dataset) -> dict[str, str]:
    return {"workspace": dataset.workspace_id, "dataset": dataset.id}


def _said(dataset: Dataset) -> tuple[object, ...]:
    return dataset.description, dataset.tags, dataset.run_id
