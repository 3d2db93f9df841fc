"""Datasets: `Dataset.Tabular` and `Dataset.File` make them, `Dataset.get_by_name` finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azureml.core import _late
from azureml.core._unsupported import unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Dataset"]

_FACTORIES = "azureml.data.dataset_factory"
_ADVICE = (
    "It belongs to the oldest API, which Azure ML itself has given up: use `Dataset.Tabular` and "
    "`Dataset.File`. docs/compatibility.md lists what works."
)


def _oldest(name: str) -> Any:
    return unsupported(f"Dataset.{name}", _ADVICE)


class _Factory:
    """A factory, loaded when it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        return _late.find(_FACTORIES, self._name)


class Dataset:
    """Where programs begin with data.

    Example:
        >>> table = Dataset.Tabular.from_delimited_files(path=(store, "weather/*.csv"))
        >>> table = table.register(workspace, "weather", create_new_version=True)
        >>> Dataset.get_by_name(workspace, "weather").to_pandas_dataframe()

    Attributes:
        Tabular: Makes tables; a `TabularDatasetFactory`.
        File: Makes datasets of files; a `FileDatasetFactory`.
    """

    class Scenario:
        """What a dataset was for, as models note it."""

        TRAINING = "training"
        VALIDATION = "validation"
        INFERENCING = "inferencing"

    Tabular: Any = _Factory("TabularDatasetFactory")
    File: Any = _Factory("FileDatasetFactory")

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
        return _abstract().get_by_name(workspace, name, version)

    @staticmethod
    def get_by_id(workspace: Any, id: str, **kwargs: Any) -> Any:
        """Return a dataset by its id, registered or not.

        Raises:
            UserErrorException: There is none.
        """
        return _abstract().get_by_id(workspace, id)

    @staticmethod
    def get_all(workspace: Any) -> Mapping[str, Any]:
        """Return the latest version of each name, each asked for when it is looked at."""
        datasets: Mapping[str, Any] = _abstract().get_all(workspace)
        return datasets

    @staticmethod
    def auto_read_files(
        path: Any, include_path: bool = False, partition_format: str | None = None
    ) -> Any:
        """Return a table over files that are read as their names end; of the oldest API."""
        return _find("auto_read_files")(path, include_path, partition_format)

    @staticmethod
    def from_binary_files(path: Any) -> Any:
        """Do as `Dataset.File.from_files`; of the oldest API."""
        return _find("from_binary_files")(path)

    @staticmethod
    def from_delimited_files(
        path: Any,
        separator: str = ",",
        header: Any = True,
        encoding: Any = "utf8",
        quoting: bool = False,
        infer_column_types: bool = True,
        skip_rows: int = 0,
        skip_mode: Any = None,
        comment: str | None = None,
        include_path: bool = False,
        archive_options: Any = None,
        partition_format: str | None = None,
    ) -> Any:
        """Do as `Dataset.Tabular.from_delimited_files`; of the oldest API.

        Args:
            path: As there.
            separator: As there.
            header: As there.
            encoding: As there.
            quoting: Cells in quotes may have line breaks in them.
            infer_column_types: As there.
            skip_rows: Must be 0.
            skip_mode: Accepted.
            comment: Must be None.
            include_path: As there.
            archive_options: Must be None.
            partition_format: As there.
        """
        return _find("from_delimited_files")(
            path,
            separator=separator,
            header=header,
            encoding=encoding,
            quoting=quoting,
            infer_column_types=infer_column_types,
            skip_rows=skip_rows,
            skip_mode=skip_mode,
            comment=comment,
            include_path=include_path,
            archive_options=archive_options,
            partition_format=partition_format,
        )

    @staticmethod
    def from_json_files(
        path: Any,
        encoding: Any = "utf8",
        flatten_nested_arrays: bool = False,
        include_path: bool = False,
        partition_format: str | None = None,
    ) -> Any:
        """Do as `Dataset.Tabular.from_json_lines_files`; of the oldest API."""
        return _find("from_json_files")(
            path,
            flatten_nested_arrays,
            encoding=encoding,
            include_path=include_path,
            partition_format=partition_format,
        )

    @staticmethod
    def from_parquet_files(
        path: Any, include_path: bool = False, partition_format: str | None = None
    ) -> Any:
        """Do as `Dataset.Tabular.from_parquet_files`; of the oldest API."""
        return Dataset.Tabular.from_parquet_files(
            path, include_path=include_path, partition_format=partition_format
        )

    @staticmethod
    def from_sql_query(data_source: Any, query: str) -> Any:
        """Do as `Dataset.Tabular.from_sql_query`; of the oldest API."""
        return Dataset.Tabular.from_sql_query((data_source, query))

    @staticmethod
    def get(workspace: Any, name: str | None = None, id: str | None = None) -> Any:
        """Return a registered dataset by its name or its id; of the oldest API."""
        return _find("get")(workspace, name, id)

    @staticmethod
    def list(workspace: Any) -> Any:
        """Return the latest version of each name; of the oldest API."""
        return [*Dataset.get_all(workspace).values()]

    __init__ = _oldest("__init__")
    archive = _oldest("archive")
    compare_profiles = _oldest("compare_profiles")
    create_snapshot = _oldest("create_snapshot")
    definition = property(_oldest("definition"))
    definition_version = property(_oldest("definition_version"))
    delete_snapshot = _oldest("delete_snapshot")
    deprecate = _oldest("deprecate")
    description = property(_oldest("description"))
    diff = _oldest("diff")
    from_excel_files = staticmethod(_oldest("from_excel_files"))
    from_pandas_dataframe = staticmethod(_oldest("from_pandas_dataframe"))
    generate_profile = _oldest("generate_profile")
    get_all_snapshots = _oldest("get_all_snapshots")
    get_definition = _oldest("get_definition")
    get_definitions = _oldest("get_definitions")
    get_profile = _oldest("get_profile")
    get_snapshot = _oldest("get_snapshot")
    head = _oldest("head")
    id = property(_oldest("id"))
    is_visible = property(_oldest("is_visible"))
    name = property(_oldest("name"))
    reactivate = _oldest("reactivate")
    register = _oldest("register")
    sample = _oldest("sample")
    state = property(_oldest("state"))
    tags = property(_oldest("tags"))
    to_pandas_dataframe = _oldest("to_pandas_dataframe")
    to_spark_dataframe = _oldest("to_spark_dataframe")
    update = _oldest("update")
    update_definition = _oldest("update_definition")
    workspace = property(_oldest("workspace"))


def _find(name: str) -> Any:
    return _late.find("azureml.data._oldest", name)


def _abstract() -> Any:
    return _late.find("azureml.data.abstract_dataset", "AbstractDataset")
