"""The registered datasets of a workspace by name, asked for when they are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from azureml.core._nouns import nouns_of
from azureml.data.abstract_dataset import dataset_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zaffre_sdk.wire.datasets import DatasetOut


class DatasetRegistration(NamedTuple):
    """What is known of a registered dataset without reading it."""

    id: str
    name: str
    version: int
    description: str
    tags: dict[str, str]


class RegisteredDatasets(Mapping):  # type: ignore[type-arg] # of Python 3.9, too
    """The latest version of each name.

    Looking one up is one request, and the second time none; only walking over them lists them.
    """

    def __init__(self, workspace: Any) -> None:
        self._workspace = workspace
        self._datasets = nouns_of(workspace).datasets
        self._found: dict[str, Any] = {}
        self._listed: dict[str, DatasetOut] | None = None

    @property
    def registrations(self) -> list[DatasetRegistration]:
        """What is known of each without reading it."""
        return [
            DatasetRegistration(one.id, name, int(one.version or 0), one.description, one.tags)
            for name, one in self._every().items()
        ]

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            listed = (self._listed or {}).get(name) or self._datasets.find(str(name))
            if listed is None:
                raise KeyError(name)
            self._found[name] = dataset_of(self._workspace, listed)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._every())

    def __len__(self) -> int:
        return len(self._every())

    def __repr__(self) -> str:
        return repr({one.name: one for one in self.registrations})

    def _every(self) -> dict[str, DatasetOut]:
        if self._listed is None:
            self._listed = {str(one.name): one for one in self._datasets.list()}
        return self._listed
