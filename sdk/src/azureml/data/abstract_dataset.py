"""What tables and files have in common: a lazy definition, a name with versions, and tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace

from azureml.core import _late
from azureml.core._nouns import nouns_of
from azureml.core._run_base import text_pairs, utc
from azureml.core._run_filters import label_filter
from azureml.data import _keeping, _registry
from azureml.data._expressions import ColumnExpression, column
from azureml.data._partition_format import keys_of, values_of
from azureml.data._words import described
from azureml.data.dataset_error_handling import execution
from azureml.exceptions import UserErrorException
from zaffre_sdk.data.listing import list_files
from zaffre_sdk.wire.datasets import Definition, Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Self  # newer than the oldest Python that this runs on

    from zaffre_sdk.data.listing import ListedFile
    from zaffre_sdk.wire.datasets import DatasetOut

__all__ = ["AbstractDataset"]


class AbstractDataset:
    """Data by its definition: where it lies, how it is read, and what is done to it then.

    Programs make datasets with `Dataset.Tabular` and `Dataset.File`, and get registered ones with
    `Dataset.get_by_name`. What transforms a dataset returns a new one and reads nothing.
    """

    _KIND: ClassVar[str] = ""

    def __init__(self) -> None:
        if not self._KIND:
            raise UserErrorException(
                "An AbstractDataset cannot be made.\nUse `Dataset.Tabular` or `Dataset.File`."
            )
        self._definition = Definition(self._KIND)
        self._workspace: Any = None
        self._seen: DatasetOut | None = None
        # The registered version whose files these are, even after further steps.
        self._origin: DatasetOut | None = None

    @staticmethod
    def get_by_name(workspace: Any, name: str, version: Any = "latest", **kwargs: Any) -> Any:
        """Return a registered dataset.

        Args:
            workspace: The workspace.
            name: Its name.
            version: A number, or `latest`.
            **kwargs: Accepted.

        Raises:
            UserErrorException: There is none; lists the names or versions that there are.
        """
        return dataset_of(workspace, _registry.by_name(workspace, name, version))

    @staticmethod
    def get_by_id(workspace: Any, id: str, **kwargs: Any) -> Any:
        """Return a dataset by its id, registered or not.

        Raises:
            UserErrorException: There is none.
        """
        return dataset_of(workspace, _registry.by_id(workspace, id))

    @staticmethod
    def get_all(workspace: Any) -> Mapping[str, Any]:
        """Return the latest version of each name, each asked for when it is looked at."""
        datasets: Mapping[str, Any] = _late.find("azureml.data._mapping", "RegisteredDatasets")(
            workspace
        )
        return datasets

    @property
    def id(self) -> str | None:
        """The id; None while the workspace does not know the dataset."""
        return None if self._seen is None else self._seen.id

    @property
    def name(self) -> str | None:
        """The name; None while it is not registered."""
        return None if self._seen is None else self._seen.name

    @property
    def version(self) -> int | None:
        """The version within the name; None while it is not registered."""
        return None if self._seen is None else self._seen.version

    @property
    def description(self) -> str | None:
        """What people say about it; None while it is not registered."""
        return None if self._seen is None else self._seen.description

    @property
    def tags(self) -> dict[str, str] | None:
        """The tags; None while it is not registered."""
        return None if self._seen is None else dict(self._seen.tags)

    @property
    def data_changed_time(self) -> datetime | None:
        """When a file of it changed last; None when nobody knows."""
        times = [one.file.modified_at for one in self._files()]
        return utc(max(times)) if any(times) else None

    @property
    def partition_keys(self) -> list[str]:
        """The columns that come from the paths of the files."""
        return keys_of(self._definition.partition_format)

    def get_partition_key_values(
        self, partition_keys: list[str] | None = None
    ) -> list[dict[str, Any]]:
        """Return the values that the columns of the paths have together, each but once.

        Args:
            partition_keys: Only these columns; all of them without.

        Raises:
            UserErrorException: A column is none of them, or there are none.
        """
        keys = self.partition_keys
        if not keys:
            raise UserErrorException(
                "cannot retrieve partition key values for a dataset that has no partition keys"
            )
        wanted = keys if not partition_keys else list(partition_keys)
        unknown = [key for key in wanted if key not in keys]
        if unknown:
            raise UserErrorException(
                f"{unknown} are invalid partition keys.\nThere is: {', '.join(keys)}."
            )
        form = self._definition.partition_format or ""
        files = [one for one in self._files() if one.file.size > 0]
        with execution("get_partition_key_values"):
            found = [values_of(form, one.file.path) for one in files]
        rows = {tuple(values[key] for key in wanted): None for values in found}
        return [dict(zip(wanted, row)) for row in rows]

    def register(
        self,
        workspace: Any,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        create_new_version: bool = False,
    ) -> Self:
        """Register the dataset and return what was registered.

        The version remembers what its files are now; whoever reads it is told when they changed.
        Local files are sent to the default datastore first.

        Args:
            workspace: The workspace.
            name: Its name there.
            description: What people say about it.
            tags: Labels.
            create_new_version: A name that exists gets a further version.

        Raises:
            UserErrorException: The name exists, and `create_new_version` is not set.
        """
        kept = _keeping.register(
            self,
            workspace,
            name=name,
            description=description or "",
            tags=text_pairs(tags, "tags"),
            new_version=create_new_version,
        )
        return self._made(kept.definition, workspace=workspace, seen=kept)

    def update(self, description: str | None = None, tags: dict[str, str] | None = None) -> Self:
        """Replace the description, or the tags, or both; an empty description clears it."""
        new: dict[str, str | None] = {}
        if tags is not None:
            new = {**dict.fromkeys(self._now("update").tags), **text_pairs(tags, "tags")}
        return self._change("update", description=description, tags=new or None)

    def add_tags(self, tags: dict[str, str] | None = None) -> Self:
        """Set tags; those that are not named stay.

        Raises:
            UserErrorException: A tag is there with another value.
        """
        added = text_pairs(tags, "tags")
        present = self._now("add_tags").tags
        other = [key for key, value in added.items() if present.get(key, value) != value]
        if other:
            raise UserErrorException(
                "Dataset already contains different values for tags with the following keys "
                f"{other}.\n`update(tags=…)` replaces the tags."
            )
        return self._change("add_tags", tags=added)

    def remove_tags(self, tags: list[str] | None = None) -> Self:
        """Remove tags, given by their keys."""
        return self._change("remove_tags", tags=dict.fromkeys(label_filter(tags, "tags")))

    def unregister_all_versions(self) -> None:
        """Take the name from all its versions; they can still be read by their ids."""
        name = self._registered("unregister_all_versions").name
        nouns_of(self._workspace).datasets.unregister(str(name))
        self._seen = None

    def as_named_input(self, name: str) -> Any:
        """Return the dataset as an input of runs, under a name that scripts know it by."""
        config = _late.find("azureml.data.dataset_consumption_config", "DatasetConsumptionConfig")
        return config(name, self)

    def __getitem__(self, key: str) -> ColumnExpression:
        return column(key)

    def __str__(self) -> str:
        return f"{type(self).__name__}\n{self!r}"

    def __repr__(self) -> str:
        content = described(self._definition)
        if self._seen is not None:
            content["registration"] = {
                "id": self.id,
                "name": self.name,
                "version": self.version,
                **({"description": self.description} if self.description else {}),
                **({"tags": self.tags} if self.tags else {}),
                "workspace": repr(self._workspace),
            }
        return json.dumps(content, indent=2)

    def _made(
        self, definition: Definition, *, workspace: Any = None, seen: DatasetOut | None = None
    ) -> Self:
        """Return a dataset of the same kind with another definition."""
        made = type(self)()
        made._definition = definition  # noqa: SLF001 - of its own class
        made._workspace = workspace or self._workspace  # noqa: SLF001 - of its own class
        made._seen = seen  # noqa: SLF001 - of its own class
        made._origin = seen or self._origin  # noqa: SLF001 - of its own class
        return made

    def _then(self, step: Step) -> Self:
        """Return the dataset with a further step."""
        steps = [*self._definition.steps, step]
        return self._made(replace(self._definition, steps=steps))

    def _files(self) -> list[ListedFile]:
        with execution("list_files"):
            return list_files(self._client, self._definition)

    @property
    def _client(self) -> Any:
        return None if self._workspace is None else nouns_of(self._workspace).workspace

    def _ensure_saved(self, workspace: Any = None) -> str:
        """Let the workspace keep the definition, if it does not yet, and return its id."""
        if self._seen is None:
            self._seen = _keeping.keep(self, workspace or self._workspace)
            self._definition = self._seen.definition
            self._workspace = workspace or self._workspace
        return self._seen.id

    def _registered(self, operation: str) -> DatasetOut:
        if self._seen is None or self._seen.name is None:
            raise UserErrorException(
                f"`{operation}` changes what is registered, and this dataset is not.\n"
                "`register` registers it."
            )
        return self._seen

    def _now(self, operation: str) -> DatasetOut:
        """Return what is registered as it is now: other programs change tags, too."""
        return nouns_of(self._workspace).datasets.get(self._registered(operation).id)

    def _change(self, operation: str, **changes: Any) -> Self:
        known = self._registered(operation)
        self._seen = nouns_of(self._workspace).datasets.change(known.id, **changes)
        return self


def dataset_of(workspace: Any, found: DatasetOut) -> Any:
    """Return a dataset that a workspace keeps."""
    name = "TabularDataset" if found.definition.kind == "tabular" else "FileDataset"
    dataset = _late.find("azureml.data", name)()
    return dataset._made(found.definition, workspace=workspace, seen=found)  # noqa: SLF001 - one house
