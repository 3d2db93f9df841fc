"""Use cases of datasets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from zaffre.base.text import closest, shown
from zaffre.domain.access import Principal
from zaffre.domain.datasets import (
    Dataset,
    Definition,
    FileMark,
    Listing,
    check_dataset_name,
)
from zaffre.domain.definitions import check_definition
from zaffre.domain.errors import (
    ConflictError,
    InProgressError,
    InvalidError,
    NotFoundError,
    missing,
)
from zaffre.domain.files import check_digest
from zaffre.domain.labels import change_tags, check_labels, check_text
from zaffre.domain.names import DATASET
from zaffre.ports.stores import Stores
from zaffre.services.access import check_maker, seen_run, seen_workspace, writable_run
from zaffre.services.context import Context

LATEST: Final = "latest"
_GUESSED: Final = 1000
_NAMED: Final = 10
_MAX_FILE_BYTES: Final = 1 << 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDataset:
    """What a caller says of a dataset to be.

    Attributes:
        document: Its definition as plain data.
        name: None keeps the definition for runs to use.
        new_version: A name that exists gets a further version.
        marks: Of addresses, which the server does not open.
        run_id: The run that made it.
    """

    document: Mapping[str, Any]
    name: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    new_version: bool = False
    marks: tuple[FileMark, ...] = ()
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A dataset that may be registered, before its files were looked at.

    Attributes:
        present: What the registration will answer, since nothing about it is new.
        known: What the files of the version before were.
        may_be_empty: Whether it may have no files: what a run left may be nothing.
    """

    definition: Definition
    present: Dataset | None
    known: Sequence[FileMark]
    may_be_empty: bool


class DatasetService:
    """Use cases of datasets, within one transaction."""

    def __init__(self, stores: Stores, context: Context) -> None:
        self._stores = stores
        self._context = context

    def prepare(self, workspace_id: str, new: NewDataset, *, caller: Principal) -> Prepared:
        """Return what is to be known of a dataset before its files are looked at.

        Raises:
            InvalidError: `InvalidDefinition`, `InvalidName`, `InvalidMarks` and labels against
                the rules.
            NotFoundError: `RunNotFound`.
            ConflictError: `DatasetExists`.
        """
        wanted = self._wanted(workspace_id, new, caller=caller)
        _check_marks(wanted.definition, new.marks)
        present = self._present(wanted, new)
        newest = None
        if wanted.name is not None and present is None:
            newest = self._stores.datasets.find(workspace_id, wanted.name, None)
        return Prepared(
            definition=wanted.definition,
            present=present,
            known=() if newest is None else self._stores.datasets.marks(newest),
            may_be_empty=_may_be_empty(wanted),
        )

    def register(
        self,
        workspace_id: str,
        new: NewDataset,
        listing: Listing,
        *,
        caller: Principal,
    ) -> Dataset:
        """Register the next version of a dataset, or keep a definition without a name.

        What is equal to the newest version is answered as it is unless `new_version` asks for
        another one, and so is a nameless definition that is known while its files are the same.

        Args:
            workspace_id: Where to register it.
            new: What the caller says of it.
            listing: Its files, those of addresses among them.
            caller: Who asks.

        Raises:
            InvalidError: `InvalidDefinition`, `InvalidName` and labels against the rules.
            NotFoundError: `RunNotFound`.
            ConflictError: `DatasetExists`: the name has another definition. `DatasetChanges`: it
                was unregistered since `prepare`.
        """
        wanted = self._wanted(workspace_id, new, caller=caller)
        present = self._present(wanted, new)
        if present is not None:
            return present
        if not listing.count and not _may_be_empty(wanted):
            raise InProgressError(
                "DatasetChanges",
                f"The dataset {shown(wanted.name)} was unregistered a moment ago.",
                target="name",
                hint="Register it again.",
            )
        sized = replace(wanted, files=listing.count, size=listing.size)
        found = None
        if sized.name is None:
            found = self._stores.datasets.find_nameless(sized, listing.digest)
        return found or self._stores.datasets.add(sized, listing)

    def begin(
        self, workspace_id: str, new: NewDataset, digest: str, *, caller: Principal
    ) -> Dataset | None:
        """Begin a draft, to which files are added; None when nothing new would come of it.

        Args:
            workspace_id: Where to.
            new: What the caller says of it.
            digest: Of the marks of its files.
            caller: Who asks.

        Raises:
            As `register`.
        """
        wanted = self._wanted(workspace_id, new, caller=caller)
        if wanted.name is None and self._stores.datasets.find_nameless(wanted, digest):
            return None
        self._stores.datasets.begin(wanted)
        return wanted

    def get(self, workspace_id: str, dataset_id: str, *, caller: Principal) -> Dataset:
        """Return a version by its id, registered or not; raises `DatasetNotFound`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.datasets.get(workspace_id, dataset_id)

    def version(self, workspace_id: str, name: str, version: str, *, caller: Principal) -> Dataset:
        """Return a version of a name, or the newest of it, `latest`.

        Raises:
            NotFoundError: `DatasetNotFound`, telling which versions there are.
            InvalidError: `InvalidVersion`.
        """
        seen_workspace(self._stores, workspace_id, caller=caller)
        number = None if version == LATEST else _number(version)
        found = self._stores.datasets.find(workspace_id, DATASET.normal(name), number)
        if found is None:
            raise self._absent(workspace_id, name, number)
        return found

    def list(
        self, workspace_id: str, *, caller: Principal, limit: int, after: str | None = None
    ) -> list[Dataset]:
        """Return the newest version of each name by name, those behind the name `after`."""
        seen_workspace(self._stores, workspace_id, caller=caller)
        return self._stores.datasets.list(workspace_id, limit=limit, after=after)

    def versions(
        self,
        workspace_id: str,
        name: str,
        *,
        caller: Principal,
        limit: int,
        after: int | None = None,
    ) -> Sequence[Dataset]:
        """Return the versions of a name, newest first; raises `DatasetNotFound`."""
        newest = self.version(workspace_id, name, LATEST, caller=caller)
        return self._stores.datasets.versions(
            workspace_id, newest.name or name, limit=limit, after=after
        )

    def of_run(
        self, workspace_id: str, run_id: str, *, caller: Principal, limit: int
    ) -> Sequence[Dataset]:
        """Return what a run registered, oldest first."""
        run = seen_run(self._stores, workspace_id, run_id, caller=caller)
        return self._stores.datasets.of_run(workspace_id, run.id, limit=limit)

    def marks(
        self,
        workspace_id: str,
        dataset_id: str,
        *,
        caller: Principal,
        limit: int | None = None,
        start: int = 0,
    ) -> tuple[Dataset, Sequence[FileMark]]:
        """Return a version and what its files were, all of them without a limit."""
        dataset = self.get(workspace_id, dataset_id, caller=caller)
        return dataset, self._stores.datasets.marks(dataset, limit=limit, start=start)

    def change(
        self,
        workspace_id: str,
        dataset_id: str,
        *,
        caller: Principal,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> Dataset:
        """Change what is given; a tag of None is removed.

        Raises:
            ForbiddenError: `Forbidden`, for the token of a run that did not make it.
        """
        present = self.get(workspace_id, dataset_id, caller=caller)
        check_maker(caller, present.created_by, "dataset", present.id)
        described = present.description if description is None else description
        changed = replace(
            present,
            description=check_text(described, target="description"),
            tags=change_tags(present.tags, tags or {}),
        )
        self._stores.datasets.save(changed)
        return changed

    def unregister(self, workspace_id: str, name: str, *, caller: Principal) -> None:
        """Take a name from all its versions, which can still be read by their ids.

        Raises:
            NotFoundError: `DatasetNotFound`.
            ForbiddenError: `Forbidden`, for the token of a run that did not make all of them.
        """
        newest = self.version(workspace_id, name, LATEST, caller=caller)
        for maker in self._stores.datasets.makers(newest):
            check_maker(caller, maker, "dataset", newest.name or name)
        now = self._context.clock.now()
        self._stores.datasets.unregister(replace(newest, unregistered_at=now))

    def _wanted(self, workspace_id: str, new: NewDataset, *, caller: Principal) -> Dataset:
        seen_workspace(self._stores, workspace_id, caller=caller)
        run_id = caller.run_id
        if new.run_id is not None:
            run_id = writable_run(self._stores, workspace_id, new.run_id, caller=caller).id
        return Dataset(
            id=self._context.new_id(),
            workspace_id=workspace_id,
            name=None if new.name is None else check_dataset_name(new.name),
            definition=check_definition(new.document),
            description=check_text(new.description, target="description"),
            tags=check_labels(new.tags, target="tags"),
            created_by=caller.name,
            created_at=self._context.clock.now(),
            run_id=run_id,
        )

    def _present(self, wanted: Dataset, new: NewDataset) -> Dataset | None:
        if wanted.name is None or new.new_version:
            return None
        newest = self._stores.datasets.find(wanted.workspace_id, wanted.name, None)
        if newest is None or newest.definition.digest == wanted.definition.digest:
            return newest
        raise ConflictError(
            "DatasetExists",
            f"There is a dataset {shown(wanted.name)} with another definition.",
            target="name",
            hint="Register a further version with `new_version` (`create_new_version=True` in "
            "Python), or use another name.",
        )

    def _absent(self, workspace_id: str, name: str, number: int | None) -> NotFoundError:
        stored = DATASET.normal(name)
        there = self._stores.datasets.versions(workspace_id, stored, limit=_NAMED)
        error = missing("dataset", name if number is None else f"{name}:{number}")
        if there:
            known = ", ".join(str(dataset.version) for dataset in there)
            error.hint = f"The newest versions are {known}."
        else:
            listed = self._stores.datasets.list(workspace_id, limit=_GUESSED)
            meant = closest(stored, [dataset.name or "" for dataset in listed])
            error.hint = f"Did you mean {shown(meant)}?" if meant else error.hint
        return error


def _may_be_empty(wanted: Dataset) -> bool:
    """Tell whether a dataset may have no files: what a run left for itself may be nothing."""
    has_places = any(not place.is_address for place in wanted.definition.places)
    return not has_places or (wanted.name is None and wanted.run_id is not None)


def _number(version: str) -> int:
    if version.isascii() and version.isdigit() and len(version) <= len("999999999"):
        return int(version)
    raise InvalidError(
        "InvalidVersion",
        f"{shown(version)} is no version of a dataset.",
        target="version",
        hint="A version is a number from 1 on, or `latest`.",
    )


def _check_marks(definition: Definition, marks: Sequence[FileMark]) -> None:
    addresses = {place.path for place in definition.places if place.is_address}
    if len({mark.key for mark in marks}) < len(marks):
        raise InvalidError("InvalidMarks", "An address is marked twice.", target="marks")
    for mark in marks:
        if mark.datastore is not None or mark.path not in addresses:
            raise InvalidError(
                "InvalidMarks",
                f"{shown(mark.path)} is no address of the definition.",
                target="marks",
                hint="Only addresses are marked by clients; the server looks at datastores.",
            )
        if not 0 <= mark.size <= _MAX_FILE_BYTES:
            raise InvalidError(
                "InvalidMarks", f"{shown(mark.path)} cannot have such a size.", target="marks"
            )
        check_text(mark.mark, target="marks")
        if mark.digest:
            check_digest(mark.digest, target="marks")
