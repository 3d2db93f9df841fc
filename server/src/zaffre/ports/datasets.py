"""The stores of datasets and of who read and made them; the contract is that of `stores`."""

from collections.abc import Sequence
from typing import Protocol

from zaffre.domain.data_uses import DataUse, KnownUse
from zaffre.domain.datasets import Dataset, FileMark, Listing
from zaffre.domain.models import Model
from zaffre.domain.runs import Run


class DatasetStore(Protocol):
    """Versions of datasets, and definitions without a name. None but drafts is ever removed.

    A draft holds the files of what is to be added when they are too many for one transaction. It
    is found by its id alone, and nobody is told that.
    """

    def add(self, dataset: Dataset, listing: Listing) -> Dataset:
        """Add it with what its files are, and return it with its number if it has a name.

        The number is one more than the highest that was ever given under the name. With a draft
        that becomes the dataset, and has its id.
        """

    def begin(self, dataset: Dataset) -> None:
        """Add it as a draft without files."""

    def extend(self, dataset: Dataset, marks: Sequence[FileMark], *, start: int) -> None:
        """Keep files of a draft; `start` is how many it has, full slices until the last."""

    def discard(self, dataset: Dataset, *, most: int) -> bool:
        """Remove so many files of a draft; tell whether nothing is left, if it still is one."""

    def drafts(self) -> Sequence[Dataset]:
        """Return all drafts of all workspaces."""

    def get(self, workspace_id: str, dataset_id: str) -> Dataset:
        """Return it by its id, registered or not; raises `DatasetNotFound`."""

    def find(self, workspace_id: str, name: str, version: int | None) -> Dataset | None:
        """Return that version of a name, or the newest; not what was unregistered."""

    def find_nameless(self, wanted: Dataset, digest: str) -> Dataset | None:
        """Return what was kept without a name and is equal to `wanted` but for id and time.

        Args:
            wanted: What is looked for.
            digest: Of the marks of its files.
        """

    def list(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Dataset]:
        """Return the newest version of each name by name, those behind the name `after`."""

    def versions(
        self, workspace_id: str, name: str, *, limit: int, after: int | None = None
    ) -> Sequence[Dataset]:
        """Return the versions of a name, newest first, those below the number `after`."""

    def makers(self, dataset: Dataset) -> Sequence[str]:
        """Return who made the versions of its name, each but once."""

    def of_run(self, workspace_id: str, run_id: str, *, limit: int) -> Sequence[Dataset]:
        """Return what a run registered, oldest first."""

    def marks(
        self, dataset: Dataset, *, limit: int | None = None, start: int = 0
    ) -> Sequence[FileMark]:
        """Return what its files were, in the order in which it lists them, from a place on."""

    def save(self, dataset: Dataset) -> None:
        """Replace description and tags."""

    def unregister(self, dataset: Dataset) -> None:
        """Take the name away from all its versions; its numbers are not given again."""


class DataUseStore(Protocol):
    """What runs read and made."""

    def put(self, run: Run, use: DataUse) -> DataUse:
        """Keep it in place of the one of that direction and name, and return it as it is kept.

        Its time is that of the first.
        """

    def of_run(self, run: Run, *, limit: int, after: int = 0) -> list[tuple[int, KnownUse]]:
        """Return those of a run in order of arrival, each with a place to continue behind."""

    def of_dataset(
        self, dataset: Dataset, *, limit: int, after: int = 0
    ) -> list[tuple[int, KnownUse]]:
        """Return those of a version in order of arrival, each with a place to continue behind."""

    def models_of(self, dataset: Dataset, *, limit: int) -> Sequence[Model]:
        """Return the models, without files, that say that they come of a version."""
