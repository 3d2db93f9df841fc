"""The datasets of a workspace: definitions, their versions, and who used them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from zaffre_sdk.client.paths import quoted
from zaffre_sdk.client.transport import Transport
from zaffre_sdk.errors import NotFoundError
from zaffre_sdk.wire.datasets import (
    DatasetChange,
    DatasetChanges,
    DatasetIn,
    DatasetList,
    DatasetMarks,
    DatasetOut,
    DataUse,
    DataUseList,
    DataUseOut,
    Definition,
    FileMark,
)

# The server reads the files of a version whole, if need be.
_LOOK_SECONDS: Final = 3600.0


class Datasets:
    """Register, find and change datasets."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._workspace = root
        self._root = f"{root}/datasets"

    def register(self, dataset: DatasetIn) -> DatasetOut:
        """Register a version, or keep a nameless definition.

        Raises:
            ConflictError: The name has another definition, and `new_version` is not set.
        """
        return self._transport.call(
            "POST", self._root, answer=DatasetOut, body=dataset, seconds=_LOOK_SECONDS
        )

    def keep(
        self,
        definition: Definition,
        *,
        marks: Sequence[FileMark] = (),
        run_id: str | None = None,
    ) -> DatasetOut:
        """Keep a definition without a name, so that runs can be given it by its id."""
        return self.register(DatasetIn(definition=definition, marks=list(marks), run_id=run_id))

    def get(self, dataset_id: str) -> DatasetOut:
        """Return a version by its id, registered or not.

        Raises:
            NotFoundError: There is none.
        """
        return self._transport.call("GET", self._path(dataset_id), answer=DatasetOut)

    def version(self, name: str, version: int | str = "latest") -> DatasetOut:
        """Return a version of a name.

        Raises:
            NotFoundError: There is none; the message says what there is.
        """
        path = f"{self._versions(name)}/{quoted(str(version))}"
        return self._transport.call("GET", path, answer=DatasetOut)

    def find(self, name: str, version: int | str = "latest") -> DatasetOut | None:
        """Return a version of a name, or None."""
        try:
            return self.version(name, version)
        except NotFoundError:
            return None

    def versions(self, name: str) -> Iterator[DatasetOut]:
        """Yield the versions of a name."""
        for page in self._transport.pages(self._versions(name), answer=DatasetList):
            yield from page.value

    def list(self, *, limit: int | None = None) -> Iterator[DatasetOut]:
        """Yield the latest version of each name; `limit` is the size of a page."""
        query = {"limit": limit}
        for page in self._transport.pages(self._root, answer=DatasetList, query=query):
            yield from page.value

    def change(
        self,
        dataset_id: str,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> DatasetOut:
        """Change what is given of a version; a tag of None is removed."""
        change = DatasetChange(description=description, tags=None if tags is None else dict(tags))
        path = self._path(dataset_id)
        return self._transport.call("PATCH", path, answer=DatasetOut, body=change)

    def unregister(self, name: str) -> None:
        """Take a name from all its versions; they can still be read by their ids."""
        self._transport.delete(f"{self._workspace}/dataset-names/{quoted(name)}")

    def changes(self, dataset_id: str) -> DatasetChanges:
        """Return how the files differ from what they were when the version was registered."""
        path = f"{self._path(dataset_id)}/changes"
        return self._transport.call("GET", path, answer=DatasetChanges, seconds=_LOOK_SECONDS)

    def marks(self, dataset_id: str) -> Iterator[FileMark]:
        """Yield the files of a version as they were when it was registered."""
        path = f"{self._path(dataset_id)}/marks"
        for page in self._transport.pages(path, answer=DatasetMarks):
            yield from page.value

    def uses(self, dataset_id: str) -> Iterator[DataUseOut]:
        """Yield which runs read or made a version, oldest first."""
        for page in self._transport.pages(f"{self._path(dataset_id)}/uses", answer=DataUseList):
            yield from page.value

    def of_run(self, run_id: str) -> Iterator[DataUseOut]:
        """Yield what a run read and made, oldest first."""
        for page in self._transport.pages(self._run(run_id), answer=DataUseList):
            yield from page.value

    def note(self, run_id: str, use: DataUse) -> DataUseOut:
        """Note that a run read or made data; the same note again changes nothing."""
        return self._transport.call("POST", self._run(run_id), answer=DataUseOut, body=use)

    def _path(self, dataset_id: str) -> str:
        return f"{self._root}/{quoted(dataset_id)}"

    def _versions(self, name: str) -> str:
        return f"{self._workspace}/dataset-names/{quoted(name)}/versions"

    def _run(self, run_id: str) -> str:
        return f"{self._workspace}/runs/{quoted(run_id)}/data"
