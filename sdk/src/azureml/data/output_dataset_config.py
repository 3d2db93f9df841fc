"""Outputs of runs: folders that a script fills, which become datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from azureml.data import _types
from azureml.data._outputs import (
    FilesOutput,
    MountOptions,
    OutputDatasetConfig,
    RegistrationConfiguration,
    UploadOptions,
    texts_of,
)
from azureml.data._steps import columns_of, seed_of, share_of
from azureml.data.dataset_type_definitions import PromoteHeadersBehavior
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import (
    DataPlace,
    Definition,
    Delimited,
    DropColumns,
    KeepColumns,
    Parquet,
    Split,
)

if TYPE_CHECKING:
    from typing import Self  # newer than the oldest Python that this runs on

    from zaffre_sdk.wire.datasets import Reader, Step

__all__ = [
    "HDFSOutputDatasetConfig",
    "LinkFileOutputDatasetConfig",
    "LinkTabularOutputDatasetConfig",
    "MountOptions",
    "OutputDatasetConfig",
    "OutputFileDatasetConfig",
    "OutputTabularDatasetConfig",
    "RegistrationConfiguration",
    "TransformationMixin",
    "UploadOptions",
]


class LinkFileOutputDatasetConfig(OutputDatasetConfig):
    """An output that is a FileDataset which the script links to it.

    Example:
        >>> run.output_datasets["images"].link(dataset)
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__("link", name)


class LinkTabularOutputDatasetConfig(OutputDatasetConfig):
    """An output that is a TabularDataset which the script links to it."""

    _is_tabular = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__("link", name)


class TransformationMixin:
    """Outputs whose files are read as a table."""

    def read_delimited_files(
        self,
        include_path: bool = False,
        separator: str = ",",
        header: Any = PromoteHeadersBehavior.ALL_FILES_HAVE_SAME_HEADERS,
        partition_format: str | None = None,
        path_glob: str | None = None,
        set_column_types: dict[str, Any] | None = None,
    ) -> OutputTabularDatasetConfig:
        """Return the output as a table of text with a record in each line.

        Args:
            include_path: The table has a column `Path`.
            separator: Between the cells.
            header: Which lines are headers.
            partition_format: Makes columns of parts of the paths.
            path_glob: Which files are read; all without.
            set_column_types: Types of columns; those of the others are found in the files.
        """
        reader = Delimited(
            separator=_types.separator_of(separator), header=_types.header_of(header)
        )
        return self._as_table(reader, include_path, partition_format, path_glob, set_column_types)

    def read_parquet_files(
        self,
        include_path: bool = False,
        partition_format: str | None = None,
        path_glob: str | None = None,
        set_column_types: dict[str, Any] | None = None,
    ) -> OutputTabularDatasetConfig:
        """Return the output as a table of Parquet files.

        Args:
            include_path: The table has a column `Path`.
            partition_format: Makes columns of parts of the paths.
            path_glob: Which files are read; all without.
            set_column_types: Types of columns; the others have those of the files.
        """
        return self._as_table(
            Parquet(), include_path, partition_format, path_glob, set_column_types
        )

    def _as_table(
        self,
        reader: Reader,
        include_path: bool,
        partition_format: str | None,
        path_glob: Any,
        set_column_types: dict[str, Any] | None,
    ) -> OutputTabularDatasetConfig:
        definition = Definition(
            kind="tabular",
            places=[DataPlace(path=glob) for glob in texts_of(path_glob, "path_glob")],
            reader=reader,
            types=_types.column_types(set_column_types),
            include_path=bool(include_path),
            partition_format=partition_format,
        )
        return OutputTabularDatasetConfig(_files=self, _definition=definition)


class OutputTabularDatasetConfig(FilesOutput):
    """An output whose files are read as a table; `read_delimited_files` makes it."""

    _is_tabular = True

    def __init__(self, **kwargs: Any) -> None:
        files = kwargs.get("_files")
        if not isinstance(files, FilesOutput):
            raise UserErrorException(
                "An OutputTabularDatasetConfig is made of an output of files.\n"
                "Use `OutputFileDatasetConfig(…).read_delimited_files()`, or "
                "`.read_parquet_files()`."
            )
        self.__dict__.update(files.__dict__)
        self._read_as = kwargs["_definition"]

    def as_mount(self) -> Self:
        """Return the output with its files sent when the script has ended, however it did."""
        return self._mounted(disable_metadata_cache=False)

    def as_upload(self, overwrite: bool = False, source_globs: Any = None) -> Self:
        """Return the output with its files sent when the script has completed.

        Args:
            overwrite: Replace files that are there; else they are an error.
            source_globs: Which files are sent; all without.
        """
        return self._uploaded(overwrite, source_globs)

    def keep_columns(self, columns: Any) -> Self:
        """Return the output with only these columns."""
        return self._then(KeepColumns(columns_of(columns)))

    def drop_columns(self, columns: Any) -> Self:
        """Return the output without these columns."""
        return self._then(DropColumns(columns_of(columns)))

    def random_split(self, percentage: float, seed: int | None = None) -> tuple[Self, Self]:
        """Return two outputs, of which each has a part of the records, by chance.

        Args:
            percentage: Of the first, between 0 and 1.
            seed: Decides which records; made up without, and kept with the definition.

        Raises:
            ValueError: `percentage` is no number between 0 and 1.
        """
        share, chance = share_of(percentage, "percentage"), seed_of(seed)
        parts = []
        for number, first in ((1, True), (2, False)):
            part = self._then(Split(share, chance, first=first))
            part.name = f"{self._name}_{number}"
            parts.append(part)
        return parts[0], parts[1]

    def _then(self, step: Step) -> Self:
        other = self._copy()
        definition = self._read_as
        if definition is not None:
            steps = [*definition.steps, step]
            read_as = msgspec.structs.replace(definition, steps=steps)
            other._read_as = read_as  # noqa: SLF001 - of its own class
        return other


class OutputFileDatasetConfig(FilesOutput, TransformationMixin):
    """A folder that a script fills, whose files become a dataset.

    In the arguments of a run it stands for the folder. What the script leaves there is sent to
    the datastore when it has ended.

    Example:
        >>> prepared = OutputFileDatasetConfig("prepared", (store, "prepared/{run-id}"))
        >>> prepared = prepared.register_on_complete("clean")
        >>> config = ScriptRunConfig("prepare", "prepare.py", arguments=["--out", prepared])

    Args:
        name: Under which the script finds it in `run.output_datasets`; made up without.
        destination: A tuple of a datastore and a path in it, where `{run-id}` and `{output-name}`
            are filled in; `dataset/{run-id}/{output-name}` of the default datastore without.
        source: The folder that the script fills, relative to its working folder or absolute;
            made up without.
        partition_format: Makes columns of parts of the paths, to filter the files by.
    """

    def __init__(
        self,
        name: str | None = None,
        destination: Any = None,
        source: str | None = None,
        partition_format: str | None = None,
    ) -> None:
        super().__init__("mount", name, destination, source)
        if partition_format is not None:
            self._read_as = Definition(kind="file", partition_format=partition_format)

    def as_mount(self, disable_metadata_cache: bool = False) -> Self:
        """Return the output with its files sent when the script has ended, however it did.

        Args:
            disable_metadata_cache: Accepted: there is no such cache.
        """
        return self._mounted(disable_metadata_cache)

    def as_upload(self, overwrite: bool = False, source_globs: Any = None) -> Self:
        """Return the output with its files sent when the script has completed.

        Args:
            overwrite: Replace files that are there; else they are an error.
            source_globs: Which files are sent, such as `*.csv`; all without.
        """
        return self._uploaded(overwrite, source_globs)


class HDFSOutputDatasetConfig(FilesOutput, TransformationMixin):
    """A folder that a script fills; there is no HDFS here, so that it is one like others.

    Args:
        name: Under which the script finds it in `run.output_datasets`; made up without.
        destination: A tuple of a datastore and a path in it.
    """

    def __init__(self, name: str | None = None, destination: Any = None) -> None:
        super().__init__("hdfs", name, destination)
