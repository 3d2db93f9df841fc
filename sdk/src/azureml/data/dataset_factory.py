"""Making datasets: tables and files, by where they lie and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core._run_base import text_pairs
from azureml.data import _frames, _inferring, _uploading
from azureml.data._partition_format import check_format
from azureml.data._places import places_of, source_of
from azureml.data._types import DataType, column_types, encoding_of, header_of, separator_of
from azureml.data.file_dataset import FileDataset
from azureml.data.tabular_dataset import TabularDataset
from azureml.exceptions import UserErrorException
from zaffre_sdk.wire.datasets import Definition, Delimited, JsonLines, Parquet, SqlQuery

if TYPE_CHECKING:
    from zaffre_sdk.wire.datasets import Reader

__all__ = ["DataType", "FileDatasetFactory", "TabularDatasetFactory"]

_LONGEST_QUERY = 3600
_INVALID_LINES = ("error", "drop")


class TabularDatasetFactory:
    """Makes tables; programs know it as `Dataset.Tabular`."""

    @staticmethod
    def from_delimited_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        set_column_types: dict[str, DataType] | None = None,
        separator: str = ",",
        header: Any = True,
        partition_format: str | None = None,
        support_multi_line: bool = False,
        empty_as_string: bool = False,
        encoding: Any = "utf8",
    ) -> TabularDataset:
        """Return a table over CSV files and their like.

        Example:
            >>> Dataset.Tabular.from_delimited_files(path=(store, "weather/*.csv"))

        Args:
            path: A local path, an http(s) address, a tuple of a datastore and a path or pattern
                in it, a DataPath, or a list of these.
            validate: Look whether there is something to read.
            include_path: Have a column `Path` that says which file a record is from.
            infer_column_types: Find the types out of the first 200 records; all is text without.
            set_column_types: Types of columns, whatever their values look like.
            separator: One character.
            header: Which lines name the columns: true, false, or a `PromoteHeadersBehavior`.
            partition_format: Columns out of the paths, such as `{region}/{day:yyyy-MM-dd}.csv`.
            support_multi_line: A cell in quotes may have line breaks in it.
            empty_as_string: An empty cell is an empty text, not null.
            encoding: Such as `utf8` or `latin1`.

        Raises:
            UserErrorException: An argument cannot be; says which and what is expected.
            DatasetValidationError: There is nothing to read, or it cannot be read.
        """
        reader = Delimited(
            separator=separator_of(separator),
            header=header_of(header),
            encoding=encoding_of(encoding),
            multi_line=bool(support_multi_line),
            empty_as_text=bool(empty_as_string),
        )
        table = _table(path, reader, include_path, partition_format)
        types = column_types(set_column_types)
        return _inferring.typed(table, types, infer=infer_column_types, validate=validate)

    @staticmethod
    def from_parquet_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: dict[str, DataType] | None = None,
        partition_format: str | None = None,
    ) -> TabularDataset:
        """Return a table over Parquet files; arguments as in `from_delimited_files`."""
        table = _table(path, Parquet(), include_path, partition_format)
        types = column_types(set_column_types)
        return _inferring.typed(table, types, infer=True, validate=validate)

    @staticmethod
    def from_json_lines_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: dict[str, DataType] | None = None,
        partition_format: str | None = None,
        invalid_lines: str = "error",
        encoding: Any = "utf8",
    ) -> TabularDataset:
        """Return a table over files with a JSON object in each line.

        Args:
            path: As in `from_delimited_files`.
            validate: As there.
            include_path: As there.
            set_column_types: As there.
            partition_format: As there.
            invalid_lines: What becomes of lines that are no objects: `error` or `drop`.
            encoding: As there.
        """
        if invalid_lines not in _INVALID_LINES:
            raise UserErrorException(
                f"Expected 'error' or 'drop' as value for invalid_lines, found {invalid_lines!r}"
            )
        reader = JsonLines(encoding=encoding_of(encoding), invalid_lines=invalid_lines)
        table = _table(path, reader, include_path, partition_format)
        types = column_types(set_column_types)
        return _inferring.typed(table, types, infer=True, validate=validate)

    @staticmethod
    def from_sql_query(
        query: Any,
        validate: bool = True,
        set_column_types: dict[str, DataType] | None = None,
        query_timeout: int = 30,
    ) -> TabularDataset:
        """Return the table that a SQL datastore answers a query with.

        Args:
            query: A tuple of the datastore and the query, or a DataPath of both.
            validate: Ask once whether the database takes the query.
            set_column_types: Types of columns.
            query_timeout: The database may take so many seconds.
        """
        store, text = source_of(query)
        seconds = query_timeout
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 1:
            raise UserErrorException(
                f"`query_timeout` is {seconds!r}; a number of seconds from 1 to "
                f"{_LONGEST_QUERY} is expected."
            )
        reader = SqlQuery(store.name, text, min(seconds, _LONGEST_QUERY))
        table = TabularDataset()._made(  # noqa: SLF001 - one house
            Definition("tabular", reader=reader), workspace=store.workspace
        )
        return _inferring.asked(table, column_types(set_column_types), validate=validate)

    @staticmethod
    def register_pandas_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        show_progress: bool = True,
        row_group_size: int | None = None,
        make_target_path_unique: bool = True,
    ) -> TabularDataset:
        """Send a pandas DataFrame to a datastore as Parquet, and register the table over it.

        Args:
            dataframe: The records; its index is left out.
            target: A datastore, a tuple of a datastore and a folder in it, or a DataPath.
            name: The name to register; one that exists gets a further version.
            description: What people say about it.
            tags: Labels.
            show_progress: Print what is done.
            row_group_size: Records in each group of the file.
            make_target_path_unique: Write to a new folder below the target.
        """
        return _frames.register(
            dataframe,
            target,
            name=name,
            description=description,
            tags=text_pairs(tags, "tags"),
            show_progress=show_progress,
            write=_frames.of_pandas(row_group_size),
            unique=make_target_path_unique,
        )

    @staticmethod
    def register_spark_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        show_progress: bool = True,
    ) -> TabularDataset:
        """Do as `register_pandas_dataframe` with a Spark DataFrame."""
        return _frames.register(
            dataframe,
            target,
            name=name,
            description=description,
            tags=text_pairs(tags, "tags"),
            show_progress=show_progress,
            write=_frames.of_spark,
        )

    @staticmethod
    def register_dask_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        show_progress: bool = True,
    ) -> TabularDataset:
        """Do as `register_pandas_dataframe` with a Dask DataFrame."""
        return _frames.register(
            dataframe,
            target,
            name=name,
            description=description,
            tags=text_pairs(tags, "tags"),
            show_progress=show_progress,
            write=_frames.of_dask,
        )


class FileDatasetFactory:
    """Makes datasets of files; programs know it as `Dataset.File`."""

    @staticmethod
    def from_files(
        path: Any,
        validate: bool = True,
        partition_format: str | None = None,
        is_file: bool = False,
    ) -> FileDataset:
        """Return a dataset of files; nothing is looked at before it is used.

        Args:
            path: As in `from_delimited_files`.
            validate: With `partition_format`, look whether the paths have that form.
            partition_format: Keys out of the paths, such as `{label}/{name}.png`.
            is_file: Accepted: each path is a single file.
        """
        places, workspace = places_of(path)
        check_format(partition_format)
        definition = Definition("file", places, partition_format=partition_format)
        files = FileDataset()._made(definition, workspace=workspace)  # noqa: SLF001 - one house
        if partition_format and validate and not is_file:
            _inferring.check_partitions(files)
        return files

    @staticmethod
    def upload_directory(
        src_dir: str,
        target: Any,
        pattern: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> FileDataset:
        """Send the files of a local folder to a datastore, and return the dataset over them.

        Args:
            src_dir: The folder.
            target: A datastore, a tuple of a datastore and a folder in it, or a DataPath.
            pattern: Send only files whose full path meets it, such as `*.png`.
            overwrite: Replace files that are there; else they stay as they are.
            show_progress: Print what is done.
        """
        return _uploading.upload_directory(
            src_dir,
            target,
            pattern=pattern,
            overwrite=overwrite,
            show_progress=show_progress,
        )


def _table(
    path: Any, reader: Reader, include_path: bool, partition_format: str | None
) -> TabularDataset:
    places, workspace = places_of(path)
    check_format(partition_format)
    definition = Definition(
        "tabular",
        places,
        reader,
        include_path=bool(include_path),
        partition_format=partition_format,
    )
    return TabularDataset()._made(definition, workspace=workspace)  # noqa: SLF001 - one house
